"""Indexes of logstores: CreateIndex, GetIndex, UpdateIndex, and which words of a line an index finds.

Body and answer as in the SDK models Index and GetIndexResponseBody. The full text and fields of text are searched;
fields of numbers and JSON can be declared, and are not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.errors import CloudError
from emulator.logs.call import Call, answer
from emulator.logs.state import Index
from emulator.shapes import Record, Shape, checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.responses import Response

LINE = Record(
    {"token": [str], "caseSensitive": bool, "chn": bool, "include_keys": [str], "exclude_keys": [str]},
)
_OF_FIELD: dict[str, Shape] = {
    "type": str,
    "alias": str,
    "caseSensitive": bool,
    "chn": bool,
    "doc_value": bool,
    "token": [str],
}
JSON_FIELD = Record(_OF_FIELD)
FIELD = Record(
    {**_OF_FIELD, "embedding": str, "index_all": bool, "json_keys": dict, "max_depth": int, "vector_index": str},
)
INDEX = Record(
    {
        "line": LINE,
        "keys": dict,
        "log_reduce": bool,
        "log_reduce_black_list": [str],
        "log_reduce_white_list": [str],
        "max_text_len": int,
        "scan_index": bool,
    }
)
TYPES = ("text", "long", "double", "json")
"""Of a field (API page "CreateIndex")."""
TEXT_LENGTHS = range(64, 16_385)
"""Bytes of a field that are kept for analysis (SDK model Index)."""
FULL_TEXT: dict[str, Any] = {"token": list(", '\";=()[]{}?@&<>/:\n\t\r"), "caseSensitive": False, "chn": False}
"""The full-text index with the separators that the console proposes (help page "Create indexes")."""


def create_index(call: Call) -> Response:
    """An index where there is none (API page "CreateIndex"); it costs by what is written from then on."""
    store = call.store
    _check(call.body)
    if store.indexes:
        raise CloudError("IndexAlreadyExist", "log store index is already created")
    store.indexes.append(Index(since=call.now, body=call.body))
    return answer()


def update_index(call: Call) -> Response:
    """Another index in the place of the one that is there (API page "UpdateIndex").

    It holds only for lines that are written from then on: nothing is rebuilt.
    """
    store = call.store
    if not store.indexes:
        raise CloudError("ParameterInvalid", "log store index is not created")
    _check(call.body)
    store.indexes.append(Index(since=call.now, body=call.body))
    return answer()


def get_index(call: Call) -> Response:
    """The index that is there (API page "GetIndex"; its ttl is the logstore's, storage is always pg)."""
    store = call.store
    if not store.indexes:
        raise CloudError("IndexConfigNotExist", "index config doesn't exist")
    last = store.indexes[-1]
    shown = {name: text for name, text in last.body.items() if name != "scan_index"}
    if "line" in shown:
        shown["line"] = {"caseSensitive": False, "chn": False, **shown["line"]}
    kept = {"index_mode": "v2", "storage": "pg", "ttl": store.settings["ttl"], "lastModifyTime": int(last.since)}
    return answer({"max_text_len": 2048, "log_reduce": False, **shown, **kept})


def _check(sent: Mapping[str, Any]) -> None:
    """Codes of the API page "UpdateIndex", which has more of them than "CreateIndex"; lengths are inferred to be alike.

    Raises:
        CloudError: what is wrong.
    """
    line, fields = sent.get("line"), sent.get("keys")
    if not line and not fields:
        raise CloudError("IndexInfoInvalid", "required fields line/keys are lacking or of error format")
    if line is not None and not _separates(line.get("token")):
        raise CloudError("IndexInfoInvalid", "required field token is lacking or of error format")
    if line is not None and line.get("include_keys") and line.get("exclude_keys"):
        raise CloudError("IndexInfoInvalid", "include_keys and exclude_keys exclude each other")
    for name, field in (fields or {}).items():
        _check_field(name, field)
    if sent.get("max_text_len", 2048) not in TEXT_LENGTHS:
        raise CloudError("IndexInfoInvalid", "max_text_len must be 64 to 16384")
    if sent.get("scan_index"):
        raise CloudError("IndexInfoInvalid", "scan_index is not emulated")


def _check_field(name: str, field: object) -> None:
    try:
        known: Any = checked(FIELD, field, name)
        for below, inner in known.get("json_keys", {}).items():
            checked(JSON_FIELD, inner, f"{name}.{below}")
    except (TypeError, ValueError) as error:
        raise CloudError("IndexInfoInvalid", str(error)) from error
    if known.get("type") not in TYPES:
        raise CloudError("ParameterInvalid", "key config must has type")
    if (known["type"] == "text" or known.get("token")) and not _separates(known.get("token")):
        raise CloudError("IndexInfoInvalid", "required field token is lacking or of error format")


def _separates(token: list[str] | None) -> bool:
    """Whether there is a separator, and none is empty (that this is refused, too, is inferred)."""
    return bool(token) and "" not in (token or ())


def finds(index: Mapping[str, Any], row: Mapping[str, str], wanted: list[str]) -> bool:
    """Whether every word is in some field of a row that the index covers; field indexes come before the full text."""
    words = list(_words(index, row))
    return all(any((one if exact else one.casefold()) in found for exact, found in words) for one in wanted)


def _words(index: Mapping[str, Any], row: Mapping[str, str]) -> Iterator[tuple[bool, set[str]]]:
    """Of each field that is indexed: whether case counts, and its words."""
    line, fields = index.get("line") or {}, index.get("keys") or {}
    for name, text in row.items():
        how = fields.get(name) or (line if _covers(line, name) else {})
        if how.get("token"):
            exact = bool(how.get("caseSensitive"))
            separators = re.escape("".join(how["token"]))
            yield exact, set(re.split(f"[{separators}]+", text if exact else text.casefold()))


def _covers(line: Mapping[str, Any], name: str) -> bool:
    included, excluded = line.get("include_keys"), line.get("exclude_keys") or ()
    return (not included or name in included) and name not in excluded
