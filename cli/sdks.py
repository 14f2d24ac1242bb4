"""What only the console asks the official SDKs: queues' settings and depths, Function Compute 3.0, and who we are.

Most are extras. They are imported when they are first used. A thing that is not there is None, not an error.
"""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace
from typing import Any

from cli.output import NotDoneError
from shared.clients import Calls, Credentials
from shared.config import Config
from shared.outcome import AttemptError
from shared.vendor import AbsentError

ABSENT = ("NotFound", "NotExist", "NotExists")
"""How codes end that say so: QueueNotExist, FunctionNotFound; that of a missing asynchronous setting is inferred."""
PAGE = 100
"""ListTriggers and GetLogsV2 take at most 100 (SDK models)."""
MISSING = "pip install 'cross-account-backup[console,metrics]'"


PACKAGES = {
    "sts": "alibabacloud_sts20150401",
    "hbr": "alibabacloud_hbr20170908",
    "mnsopen": "alibabacloud_mns_open20220119",
    "fc": "alibabacloud_fc20230330",
    "cms": "alibabacloud_cms20190101",
    "sls": "alibabacloud_sls20201230",
}
"""The official SDK of each product; it is imported when its first client is built."""


def part(product: str, name: str) -> Any:  # noqa: ANN401 - a module of an SDK, which ships no types
    """A module of a product's SDK. Raises NotDoneError where that is not installed."""
    try:
        return importlib.import_module(f"{PACKAGES[product]}.{name}")
    except ImportError as error:
        raise NotDoneError(
            f"a package of the console is missing: {error.name}", MISSING, reason="no_package"
        ) from error


def client(product: str, endpoint: str, credentials: Credentials) -> Any:  # noqa: ANN401 - the same
    """A client of a product at an endpoint."""
    from alibabacloud_tea_openapi.utils_models import Config as OpenApiConfig  # noqa: PLC0415 - slow

    scheme, _, host = endpoint.rpartition("://")
    return part(product, "client").Client(
        OpenApiConfig(
            access_key_id=credentials.access_key_id,
            access_key_secret=credentials.access_key_secret,
            security_token=credentials.security_token,
            endpoint=host,
            # Only a loopback address is spoken to without TLS.
            protocol=scheme or ("http" if host.startswith(("127.", "localhost:")) else "https"),
        )
    )


def caller(config: Config, credentials: Credentials, calls: Calls) -> Any:  # noqa: ANN401 - an SDK model
    """GetCallerIdentity: account_id, arn, identity_type. It needs no permission, and is no request model in the SDK."""
    sts = client("sts", config.endpoints.sts, credentials)
    return calls("GetCallerIdentity", sts.get_caller_identity_with_options)


def open_cloud_backup(config: Config, credentials: Credentials, calls: Calls) -> None:
    """OpenHbrService, which is no request model in the SDK either. Raises an AttemptError, also where it is open."""
    hbr = client("hbr", config.endpoints.hbr_in(config.every_region[0]), credentials)
    calls("OpenHbrService", hbr.open_hbr_service_with_options)


class QueueSettings:
    """MNS-open 2022-01-19: where queues get a dead-letter policy, which the XML API does not know."""

    def __init__(self, config: Config, credentials: Credentials, calls: Calls) -> None:
        self._client = client("mnsopen", config.endpoints.mnsopen.format(region=config.region), credentials)
        self._calls = calls

    def read(self, name: str) -> Any:  # noqa: ANN401 - an SDK model
        """A queue's attributes (SDK model GetQueueAttributesResponseBodyData), or None."""
        try:
            return self._call("get_queue_attributes", "GetQueueAttributes", queue_name=name).data
        except AbsentError:
            return None
        except AttemptError as error:
            if error.code.endswith(ABSENT):
                return None
            raise

    def create(self, name: str, **attributes: Any) -> None:  # noqa: ANN401 - fields of the request
        """Make a queue."""
        self._call("create_queue", "CreateQueue", queue_name=name, **self._modelled("CreateQueue", attributes))

    def change(self, name: str, **attributes: Any) -> None:  # noqa: ANN401 - the same
        """Set attributes; what is not given stays."""
        fields = self._modelled("SetQueueAttributes", attributes)
        self._call("set_queue_attributes", "SetQueueAttributes", queue_name=name, **fields)

    def delete(self, name: str) -> None:
        """Delete a queue with what is in it; not there is as good."""
        try:
            self._call("delete_queue", "DeleteQueue", queue_name=name)
        except AttemptError as error:
            if not error.code.endswith(ABSENT):
                raise

    def _call(self, method: str, action: str, **fields: object) -> Any:  # noqa: ANN401
        request = getattr(part("mnsopen", "models"), f"{action}Request")(**fields)
        return self._calls(action, lambda runtime: getattr(self._client, f"{method}_with_options")(request, runtime))

    def _modelled(self, action: str, attributes: dict[str, Any]) -> dict[str, Any]:
        policy = attributes.pop("dlq_policy", None)
        model = getattr(part("mnsopen", "models"), f"{action}RequestDlqPolicy")
        return {**attributes, **({"dlq_policy": model(**policy)} if policy is not None else {})}


class Metrics:
    """CloudMonitor 2019-01-01: what it last saw of the queues."""

    def __init__(self, config: Config, credentials: Credentials, calls: Calls) -> None:
        self._client = client("cms", config.endpoints.metrics.format(region=config.region), credentials)
        self._calls = calls
        self._where = {"userId": config.management_account, "region": config.region}

    def last(self, metric: str, queues: list[str]) -> str:
        """DescribeMetricLast for some queues (at most 50): data points as JSON in a text."""
        request = part("cms", "models").DescribeMetricLastRequest(
            namespace="acs_mns_new",
            metric_name=metric,
            dimensions=json.dumps([{**self._where, "queue": queue} for queue in queues]),
        )
        send = self._client.describe_metric_last_with_options
        points: str | None = self._calls("DescribeMetricLast", lambda runtime: send(request, runtime)).datapoints
        return points or "[]"


class Deployed:
    """Function Compute 2023-03-30: what is deployed, read only, as plain JSON."""

    def __init__(self, config: Config, credentials: Credentials, calls: Calls) -> None:
        endpoint = config.endpoints.fc.format(account=config.management_account, region=config.region)
        self._client = client("fc", endpoint, credentials)
        self._calls = calls

    def function(self, name: str) -> dict[str, Any] | None:
        """GetFunction."""
        return self._read("get_function", "GetFunction", name)

    def async_config(self, name: str) -> dict[str, Any] | None:
        """GetAsyncInvokeConfig."""
        return self._read("get_async_invoke_config", "GetAsyncInvokeConfig", name)

    def concurrency(self, name: str) -> dict[str, Any] | None:
        """GetConcurrencyConfig."""
        return self._read("get_concurrency_config", "GetConcurrencyConfig", name, requested=False)

    def triggers(self, name: str) -> list[dict[str, Any]]:
        """ListTriggers; ``triggerConfig`` is parsed. A function has at most 50 (help page "Limits")."""
        found = self._read("list_triggers", "ListTriggers", name, limit=PAGE)
        rows = (found or {}).get("triggers", [])
        return [{**row, "triggerConfig": json.loads(row.get("triggerConfig") or "{}")} for row in rows]

    def _read(
        self, method: str, action: str, name: str, *, requested: bool = True, **fields: object
    ) -> dict[str, Any] | None:
        call = getattr(self._client, f"{method}_with_options")
        request = [getattr(part("fc", "models"), f"{action}Request")(**fields)] if requested else []

        def send(runtime: Any) -> Any:  # noqa: ANN401 - the SDKs ship no types
            answer = call(name, *request, {}, runtime)
            return answered(answer.headers.get("x-fc-request-id", ""), answer.body.to_map())

        try:
            document: dict[str, Any] = self._calls(action, send).document
        except AttemptError as error:
            if error.code.endswith(ABSENT):
                return None
            raise
        return document


def answered(request_id: str, document: object) -> SimpleNamespace:
    """As ``Calls`` wants an answer whose request id is in a header and not, as elsewhere, in the body."""
    return SimpleNamespace(body=SimpleNamespace(request_id=request_id, document=document))
