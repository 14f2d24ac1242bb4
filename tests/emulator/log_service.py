"""The official client of Simple Log Service on a local cloud."""

from __future__ import annotations

from typing import Any

from alibabacloud_sls20201230 import models
from alibabacloud_sls20201230.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from tests.cloud import Key, LocalCloud

PROJECT, STORE = "cab-1000000000000001", "functions"
"""Those of the small landing zone, which are the ones that ``s.yaml`` names."""
SEPARATORS = list(", '\";=()[]{}?@&<>/:\n\t\r")


class LogService:
    """Calls by the names of the SDK's methods; ``answers`` keeps the last body of each action."""

    def __init__(self, cloud: LocalCloud, key: Key | None = None) -> None:
        key, endpoint = key or cloud.key(), cloud.endpoints["logs"]
        given = {"access_key_id": key.access_key_id, "access_key_secret": key.access_key_secret}
        self._client = Client(Config(**given, security_token=key.token or None, endpoint=endpoint, protocol="http"))
        # A project's name stands before the address: the emulator is asked as a proxy is.
        self._proxy = f"http://{endpoint}"
        self.answers: dict[str, Any] = {}
        plain = self._client.execute

        def execute(params: Any, request: Any, runtime: Any) -> Any:
            answer = plain(params, request, runtime)
            self.answers[params.action] = answer.get("body")
            return answer

        self._client.execute = execute

    def __call__(self, method: str, *words: object, headers: object = None) -> Any:
        """The body of the answer. Raises TeaException."""
        send = getattr(self._client, f"{method}with_options" if method.endswith("v2") else f"{method}_with_options")
        return getattr(send(*words, headers or {}, RuntimeOptions(http_proxy=self._proxy)), "body", None)

    def create_project(self, name: str = "made-here", **more: Any) -> None:
        """CreateProject."""
        fields = {"project_name": name, "description": "for a test", **more}
        self("create_project", models.CreateProjectRequest(**fields))

    def create_store(self, name: str = "lines", project: str = "made-here", **more: Any) -> None:
        """CreateLogStore."""
        fields = {"logstore_name": name, "ttl": 30, "shard_count": 2, **more}
        self("create_log_store", project, models.CreateLogStoreRequest(**fields))

    def create_index(self, project: str = "made-here", store: str = "lines", **index: Any) -> None:
        """CreateIndex; of the full text, unless told."""
        self("create_index", project, store, models.CreateIndexRequest(body=models.Index(**(index or full_text()))))

    def update_index(self, project: str = "made-here", store: str = "lines", **index: Any) -> None:
        """UpdateIndex."""
        self("update_index", project, store, models.UpdateIndexRequest(body=models.Index(**(index or full_text()))))

    def search(self, project: str = PROJECT, store: str = STORE, **asked: Any) -> Any:
        """GetLogsV2."""
        request, headers = models.GetLogsV2Request(**asked), models.GetLogsV2Headers(accept_encoding="gzip")
        return self("get_logs_v2", project, store, request, headers=headers)


def full_text(**more: Any) -> dict[str, Any]:
    """An index of every field by the usual separators."""
    return {"line": models.IndexLine(token=SEPARATORS, **more)}
