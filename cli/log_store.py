"""The log store of the functions, through the official SDK of Simple Log Service 2020-12-30: made, indexed, read."""

from __future__ import annotations

import time
from typing import Any

from cli.output import NotDoneError
from cli.sdks import ABSENT, PAGE, answered, client, part
from shared.clients import Calls, Credentials
from shared.config import Config
from shared.outcome import AttemptError

SEPARATORS = list(", '\";=()[]{}?@&<>/:\n\t\r")
"""Between words of an index, as the console proposes (help page "Create indexes")."""
NEEDED = frozenset(' ",:{}[]')
"""Those between the words of our lines, which are JSON."""
FIELD = "message"
"""Where Function Compute puts a line (help page "Fields of Function Compute logs")."""
SEEN_AFTER = (1.0, 3.0, 9.0, 0.0)
"""Seconds before the next try, where what was just made is not seen yet (inferred); 0 after the last."""
SHARDS = 2
"""Each takes 5 MB a second (page "Shards"); two are what the console proposes."""


class LogStore:
    """One log store in the management account. What is not there is None or False, not an error."""

    def __init__(self, config: Config, credentials: Credentials, calls: Calls, project: str, store: str) -> None:
        endpoint = config.endpoints.logs.format(region=config.region)
        self._client = client("sls", endpoint, credentials)
        # The project stands before the endpoint as its first label, which no address of this machine can have: there
        # the endpoint is asked as a proxy is.
        self._through = f"http://{endpoint}" if endpoint.startswith(("127.", "localhost:")) else None
        self._calls, self._project, self._store = calls, project, store

    def has_project(self) -> bool:
        """GetProject."""
        request = part("sls", "models").GetProjectRequest()
        return self._read("GetProject", self._client.get_project_with_options, self._project, request) is not None

    def has_store(self) -> bool:
        """GetLogStore."""
        send = self._client.get_log_store_with_options
        return self._read("GetLogStore", send, self._project, self._store) is not None

    def is_indexed(self) -> bool:
        """Whether the words of our lines are found; a field's own index comes before that of the full text."""
        found = self._index()
        if found is None:
            return False
        own, line = (found.keys or {}).get(FIELD), found.line
        if own is not None:
            return own.type == "text" and set(own.token or ()) >= NEEDED
        if line is None or FIELD in (line.exclude_keys or ()) or FIELD not in (line.include_keys or [FIELD]):
            return False
        return set(line.token or ()) >= NEEDED

    def make_project(self, description: str) -> None:
        """CreateProject; its region is the endpoint's. Raises NotDoneError where another account has the name."""
        request = part("sls", "models").CreateProjectRequest(project_name=self._project, description=description)
        made = self._make("CreateProject", self._client.create_project_with_options, request)
        if not made and not self.has_project():
            what = f"log project {self._project} is another account's"
            raise NotDoneError(what, "give s.yaml another name for it (logConfig)", reason="foreign")

    def make_store(self, days: int) -> None:
        """CreateLogStore, with lines that are kept for so many days."""
        fields = {"logstore_name": self._store, "ttl": days, "shard_count": SHARDS}
        request = part("sls", "models").CreateLogStoreRequest(**fields)
        self._make("CreateLogStore", self._client.create_log_store_with_options, self._project, request)

    def index(self) -> None:
        """CreateIndex, or UpdateIndex, which replaces everything: what is there of other fields is sent along."""
        models, found = part("sls", "models"), self._index()
        line = models.IndexLine(token=SEPARATORS, case_sensitive=False, chn=False)
        if found is None:
            request = models.CreateIndexRequest(body=models.Index(line=line))
            self._make("CreateIndex", self._client.create_index_with_options, self._project, self._store, request)
            return
        kept = {name: getattr(found, name) for name in ("log_reduce", "log_reduce_black_list", "log_reduce_white_list")}
        fields = {name: field for name, field in (found.keys or {}).items() if name != FIELD}
        body = models.Index(line=line, keys=fields, max_text_len=found.max_text_len, **kept)
        request, send = models.UpdateIndexRequest(body=body), self._client.update_index_with_options
        self._call("UpdateIndex", send, self._project, self._store, request)

    def newest(self, query: str, start: float, end: float, most: int) -> list[tuple[float, str]] | None:
        """GetLogsV2: time (epoch seconds) and message of the newest rows that match; None where there is no index.

        ``line`` is 100 at most (API page); an answer that is not "Complete" is partial, and is taken as it is.
        """
        found: list[tuple[float, str]] = []
        while len(found) < most:
            rows = self._rows(query, start, end, min(PAGE, most - len(found)), len(found))
            if rows is None:
                return None
            found += [(float(row["__time__"]), str(row.get(FIELD, ""))) for row in rows]
            if len(rows) < PAGE:
                break
        return found

    def _rows(self, query: str, start: float, end: float, count: int, offset: int) -> list[dict[str, Any]] | None:
        models, window = part("sls", "models"), {"from_": int(start), "to": int(end)}
        request = models.GetLogsV2Request(query=query, line=count, offset=offset, reverse=True, **window)
        headers, send = models.GetLogsV2Headers(accept_encoding="gzip"), self._client.get_logs_v2with_options
        body = self._read("GetLogsV2", send, self._project, self._store, request, headers=headers)
        return None if body is None else list(body.data or [])

    def _index(self) -> Any:  # noqa: ANN401 - an SDK model, or None
        return self._read("GetIndex", self._client.get_index_with_options, self._project, self._store)

    def _make(self, action: str, *call: Any) -> bool:  # noqa: ANN401 - the SDKs ship no types
        """False where it is there already: somebody else has just made it, and whoever wants it looks again."""
        for wait in SEEN_AFTER:
            try:
                self._call(action, *call)
            except AttemptError as error:
                if error.code.endswith("AlreadyExist"):
                    return False
                if not error.code.endswith(ABSENT) or not wait:
                    raise
                time.sleep(wait)
            else:
                break
        return True

    def _read(self, action: str, *call: Any, headers: Any = None) -> Any:  # noqa: ANN401 - the same
        try:
            return self._call(action, *call, headers=headers)
        except AttemptError as error:
            if error.code.endswith(ABSENT):
                return None
            raise

    def _call(self, action: str, send: Any, *words: Any, headers: Any = None) -> Any:  # noqa: ANN401 - the same
        """The body of an answer, if it has one."""

        def with_proxy(runtime: Any) -> Any:  # noqa: ANN401 - the same
            runtime.http_proxy = self._through
            answer = send(*words, headers or {}, runtime)
            return answered(answer.headers.get("x-log-requestid", ""), getattr(answer, "body", None))

        return self._calls(action, with_proxy).document
