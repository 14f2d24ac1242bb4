"""What a function is, as ``s.yaml`` declares it for the component fc3: every key, type and limit that it may have.

Unknown keys and values out of range stop the start. Keys and limits: the component's documented properties and the
help page "Limits" of Function Compute 3.0. Keys whose effect is not emulated (networks, disks, layers, scaling) are
taken and ignored.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from emulator.fc.template import BadTemplateError
from emulator.fc.trigger_settings import Declared, Name, Trigger

_ENV_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ENV_BYTES = 4096
Handler = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w./-]*\.[A-Za-z_]\w*$")]


class Hook(Declared):
    """A lifecycle hook."""

    handler: Handler
    timeout: int = Field(default=3, ge=1, le=300)


class Lifecycle(Declared):
    """The two hooks; ``preStop`` is taken and not run."""

    initializer: Hook | None = None
    pre_stop: Hook | None = None


class Destination(Declared):
    """Where the record of an asynchronous invocation goes."""

    destination: str = Field(
        pattern=r"^acs:(mns:[a-z0-9-]*:\d*:/(queues|topics)/[\w-]+/messages|fc:[a-z0-9-]*:\d*:functions/[\w$-]+)$"
    )


class Destinations(Declared):
    """After the last attempt."""

    on_success: Destination | None = None
    on_failure: Destination | None = None


class AsyncInvoke(Declared):
    """Retries of asynchronous invocations; defaults of the component fc3."""

    async_task: bool = False
    max_async_retry_attempts: int = Field(default=3, ge=0, le=8)
    max_async_event_age_in_seconds: int = Field(default=18000, ge=1, le=604800)
    qualifier: str = "LATEST"
    destination_config: Destinations = Field(default_factory=Destinations)


class Concurrency(Declared):
    """How many instances the function may have at once."""

    reserved_concurrency: int = Field(ge=0)


class Function(Declared):
    """One function."""

    function_name: Name
    region: str
    runtime: Literal["python3.9", "python3.10", "python3.12"]
    code: str
    handler: Handler
    description: str = ""
    cpu: float = Field(default=0.35, ge=0.05, le=16)
    memory_size: int = Field(default=512, ge=128, le=32768, multiple_of=64)
    disk_size: Literal[512, 10240] = 512
    timeout: int = Field(default=3, ge=1, le=86400)
    role: str = ""
    internet_access: bool = True
    instance_concurrency: Literal[1] = 1
    environment_variables: dict[str, str] = Field(default_factory=dict)
    instance_lifecycle_config: Lifecycle = Field(default_factory=Lifecycle)
    async_invoke_config: AsyncInvoke = Field(default_factory=AsyncInvoke)
    concurrency_config: Concurrency | None = None
    triggers: list[Trigger] = Field(default_factory=list)
    log_config: object = None
    layers: object = None
    tags: object = None
    resource_group_id: object = None
    vpc_config: object = None
    vpc_binding: object = None
    nas_config: object = None
    oss_mount_config: object = None
    tracing_config: object = None
    custom_dns: object = Field(default=None, alias="customDNS")
    provision_config: object = None
    scaling_config: object = None
    endpoint: object = None

    @field_validator("environment_variables")
    @classmethod
    def _allowed(cls, variables: dict[str, str]) -> dict[str, str]:
        """Help page "Environment variables": a name's form, the reserved prefix, 4 KB together."""
        for name in variables:
            if not _ENV_NAME.fullmatch(name) or name.startswith("FC_"):
                raise ValueError(f"the environment variable {name} is reserved or badly named")
        if sum(len(name) + len(value.encode()) for name, value in variables.items()) > _ENV_BYTES:
            raise ValueError(f"the environment variables exceed {_ENV_BYTES} bytes")
        return variables

    @model_validator(mode="after")
    def _balanced(self) -> Function:
        """CPU to memory (GB) must be 1:1 to 1:4 (resource alicloud_fcv3_function)."""
        if not 1 <= self.memory_size / 1024 / self.cpu <= 4:  # noqa: PLR2004 - the documented ratio
            raise ValueError(f"cpu {self.cpu} to memorySize {self.memory_size} is not between 1:1 and 1:4")
        names = [trigger.trigger_name for trigger in self.triggers]
        if len(set(names)) < len(names):
            raise ValueError("two triggers have the same name")
        return self

    @property
    def reserved(self) -> int | None:
        """How many instances at most; None is no limit of its own."""
        return None if self.concurrency_config is None else self.concurrency_config.reserved_concurrency


def declared(resources: dict[str, dict[str, Any]]) -> dict[str, Function]:
    """Function name → function.

    Raises:
        BadTemplateError: naming resource and key of everything that is wrong.
    """
    functions: dict[str, Function] = {}
    for key, props in resources.items():
        try:
            function = Function.model_validate(props)
        except ValidationError as error:
            faults = [f"resources.{key}.props.{_place(fault['loc'])}: {fault['msg']}" for fault in error.errors()]
            raise BadTemplateError("\n".join(faults)) from error
        if function.function_name in functions:
            raise BadTemplateError(f"resources.{key}: a second function named {function.function_name}")
        functions[function.function_name] = function
    return functions


def _place(path: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in path) or "(all)"
