"""GetLogsV2: what the functions wrote, found by its words.

A line is found if the logstore and its index were there when it was written (API page "UpdateIndex") and its time
(``ttl``) is not over. Request and answer: API page "GetLogsV2", SDK model GetLogsV2Request.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from emulator.errors import CloudError
from emulator.logs import indexes
from emulator.shapes import Record

if TYPE_CHECKING:
    from emulator.fc.compute import Compute
    from emulator.logs.call import Call
    from emulator.logs.state import Logstore

MOST_ROWS = 100
"""``line`` is 0 to 100, and 100 where it is not said (API page)."""
FOR_EVER = 3650
"""A ``ttl`` in days that means so (API page "CreateLogStore")."""
ASKED = Record(
    {
        "from": int,
        "to": int,
        "query": str,
        "topic": str,
        "line": int,
        "offset": int,
        "reverse": bool,
        "forward": bool,
        "highlight": bool,
        "isAccurate": bool,
        "powerSql": bool,
        "session": str,
    },
    required=("from", "to"),
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORD = re.compile(r"[\w.-]+")


def get_logs(call: Call) -> Response:
    """The rows that are asked for (API page "GetLogsV2").

    They are compressed as the request accepts: only gzip here, by which SDK and page mean zlib's format.
    """
    asked, store = call.body, call.store
    if not asked["from"] < asked["to"]:
        raise CloudError("ParameterInvalid", "begin time must be less than end time.")
    if not 0 <= asked.get("line", MOST_ROWS) <= MOST_ROWS:
        raise CloudError("ParameterInvalid", "line must be between 0 and 100.")
    if asked.get("offset", 0) < 0:  # the page begins at 0; the code is inferred
        raise CloudError("ParameterInvalid", "offset must not be negative.")
    if not store.indexes:
        raise CloudError("IndexConfigNotExist", "logstore without index config")
    wanted = _wanted(asked)
    rows = [row for at, row in _rows(call) if _within(asked, row) and _finds(store, at, row, wanted)]
    rows.sort(key=lambda row: int(row["__time__"]), reverse=asked.get("reverse", False))
    start = asked.get("offset", 0)
    data = rows[start : start + asked.get("line", MOST_ROWS)]
    meta = {"progress": "Complete", "count": len(data), "processedRows": len(rows), "hasSQL": False}
    body = json.dumps({"meta": meta, "data": data}, ensure_ascii=False).encode()
    headers = {"x-log-compresstype": "gzip", "x-log-bodyrawsize": str(len(body))}
    return Response(zlib.compress(body), headers=headers, media_type="application/json")


def _wanted(asked: Mapping[str, Any]) -> list[str]:
    """The words of a query; other queries than words and ``and`` are not understood."""
    words = [word for word in (asked.get("query") or "*").split() if word not in {"*", "and"}]
    if not all(_WORD.fullmatch(word) for word in words):
        raise CloudError("ParameterInvalid", f"the emulator does not understand the query {asked['query']!r}")
    return words


def _rows(call: Call) -> Iterator[tuple[float, dict[str, str]]]:
    """When each row was written, and its fields (help page "Fields of Function Compute logs").

    They are cut as ``logBeginRule`` says: by DefaultRegex, what has no date belongs to the line before (API page,
    "LogConfig"). Functions write into a project of their own account.
    """
    compute: Compute | None = call.cloud.state.fc.compute
    if compute is None or compute.account_id != call.project.account_id:
        return
    days, now = call.store.settings["ttl"], call.now
    oldest = max(call.store.created_at, now - days * 86_400 if days < FOR_EVER else 0.0)
    where = {"project": call.project_name, "logstore": call.store_name}
    for name, function in compute.functions.items():
        config = function.log_config
        if not isinstance(config, dict) or {key: config.get(key) for key in where} != where:
            continue
        texts: list[tuple[float, str]] = []
        for line in call.cloud.state.fc.logs.get(name, []):
            if line.at < oldest:
                continue
            if texts and not _DATE.search(line.text):
                texts[-1] = (texts[-1][0], f"{texts[-1][1]}\n{line.text}")
            else:
                texts.append((line.at, line.text))
        common = {"__source__": "", "__topic__": f"FCLogs:{name}", "functionName": name, "qualifier": "LATEST"}
        yield from ((at, {**common, "__time__": str(int(at)), "message": text}) for at, text in texts)


def _within(asked: Mapping[str, Any], row: Mapping[str, str]) -> bool:
    """``from <= time < to`` (API page)."""
    return int(row["__time__"]) in range(asked["from"], asked["to"])


def _finds(store: Logstore, at: float, row: Mapping[str, str], wanted: list[str]) -> bool:
    """Whether the index that there was when the row was written finds it."""
    there = [index for index in store.indexes if index.since <= at]
    return bool(there) and indexes.finds(there[-1].body, row, wanted)
