"""What a function finds around it: its environment and the context object. Pure; starts and calls nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.fc.functions import Function

_WITHOUT_SERVICE = "python3.12"
"""The runtime whose context has neither credentials nor service, and whose system variables differ."""


def environment(
    function: Function, account_id: str, instance_id: str, code: Path, credentials: Mapping[str, str]
) -> dict[str, str]:
    """The child's whole environment: the system's variables, the credentials, the declared ones.

    Names from the help page "Environment variables" of Function Compute 3.0. Nothing of the emulator's own
    environment is handed on.
    """
    version = "FC_FUNCTION_VERSION" if function.runtime == _WITHOUT_SERVICE else "FC_VER_ID"
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",  # noqa: S108 - the one writable directory of an instance
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "FC_FUNC_CODE_PATH": str(code),
        "FC_ACCOUNT_ID": account_id,
        "FC_REGION": function.region,
        "FC_FUNCTION_NAME": function.function_name,
        "FC_FUNCTION_HANDLER": function.handler,
        "FC_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "FC_INSTANCE_ID": instance_id,
        "FC_CUSTOM_LISTEN_PORT": "9000",
        version: "1",
        **{f"ALIBABA_CLOUD_{name.upper()}": value for name, value in credentials.items()},
        **function.environment_variables,
    }


def context(
    function: Function, account_id: str, credentials: Mapping[str, str], request_id: str, attempt: int
) -> dict[str, Any]:
    """The handler's second argument, as its runtime has it (help page "Context")."""
    described: dict[str, Any] = {
        "name": function.function_name,
        "handler": function.handler,
        "memory": function.memory_size,
        "timeout": function.timeout,
    }
    common = {"request_id": request_id, "region": function.region, "account_id": account_id, "logger": None}
    if function.runtime == _WITHOUT_SERVICE:
        described |= {"version_id": "", "qualifier": "LATEST"}
        return {**common, "function": described, "log_project": "", "log_store": ""}
    return {
        **common,
        "function": described,
        "credentials": dict(credentials),
        "service": {"name": "", "log_project": "", "log_store": "", "qualifier": "LATEST", "version_id": ""},
        "tracing": {"span_context": "", "jaeger_endpoint": "", "span_baggages": {}},
        "retry_count": attempt - 1,
    }
