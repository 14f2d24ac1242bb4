"""What a function is, as ``s.yaml`` declares it for the component fc3: every key, type and limit that it may have.

Unknown keys and values out of range stop the start. Keys and limits: the component's documented properties and the
help page "Limits" of Function Compute 3.0. Keys whose effect is not emulated (networks, disks, layers, scaling) are
taken and ignored.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel, to_pascal

from emulator.bus.patterns import BadPatternError, compile_pattern
from emulator.fc.cron import BadCronError, Schedule
from emulator.fc.template import BadTemplateError

_ENV_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ENV_BYTES = 4096
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$-]{0,127}$")]
Handler = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w./-]*\.[A-Za-z_]\w*$")]


class Declared(BaseModel):
    """A part of the file: camelCase there, snake_case here; nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class Parameters(Declared):
    """The parts that EventBridge reads, which are in PascalCase."""

    model_config = ConfigDict(alias_generator=to_pascal)


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


class Timer(Declared):
    """A timer trigger."""

    cron_expression: str
    enable: bool
    payload: str = ""

    @field_validator("cron_expression")
    @classmethod
    def _parses(cls, text: str) -> str:
        try:
            Schedule.parse(text).after(0)
        except BadCronError as error:
            raise ValueError(str(error)) from error
        return text


class QueueSource(Parameters):
    """An MNS queue as event source."""

    region_id: str
    queue_name: str
    is_base64_decode: bool = True


class SourceParameters(Declared):
    """Parameters by kind of source; only queues are emulated."""

    source_mns_parameters: QueueSource | None = Field(default=None, alias="sourceMNSParameters")


class Source(Declared):
    """Where an eventbridge trigger's events come from."""

    event_source_type: Literal["Default", "MNS"]
    event_source_parameters: SourceParameters = Field(default_factory=SourceParameters)


class DeliveryOption(Declared):
    """How events reach the function."""

    mode: Literal["event-driven", "event-streaming"] = "event-driven"
    event_schema: Literal["CloudEvents", "RawData"] = "CloudEvents"
    concurrency: Literal[1] = 1


class Sink(Declared):
    """The function's side of an eventbridge trigger."""

    delivery_option: DeliveryOption = Field(default_factory=DeliveryOption)


class Retries(Parameters):
    """Which retry strategy."""

    push_retry_strategy: Literal["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"] = "BACKOFF_RETRY"


class DeadLetters(Parameters):
    """Where exhausted events go: an MNS queue."""

    arn: str = Field(pattern=r"^acs:mns:[a-z0-9-]*:\d*:/queues/[\w-]+$")


class Window(Parameters):
    """A batch is complete at this many events or after this many seconds, whichever is first."""

    count_based_window: int = Field(default=1, ge=1, le=10000)
    time_based_window: int = Field(default=0, ge=0, le=15)


class RunOptions(Declared):
    """How an eventbridge trigger treats failures and batches."""

    mode: Literal["event-driven", "event-streaming"] = "event-driven"
    maximum_tasks: Literal[1] = 1
    errors_tolerance: Literal["ALL", "NONE"] = "NONE"
    retry_strategy: Retries = Field(default_factory=Retries)
    dead_letter_queue: DeadLetters | None = None
    batch_window: Window = Field(default_factory=Window)


class EventBridge(Declared):
    """An eventbridge trigger."""

    trigger_enable: bool = True
    async_invocation_type: bool = False
    """Which value is asynchronous is a guess of that name."""
    event_rule_filter_pattern: str = "{}"
    event_source_config: Source
    event_sink_config: Sink = Field(default_factory=Sink)
    run_options: RunOptions = Field(default_factory=RunOptions)

    @field_validator("event_rule_filter_pattern")
    @classmethod
    def _compiles(cls, text: str) -> str:
        try:
            compile_pattern(json.loads(text))
        except (ValueError, BadPatternError) as error:
            raise ValueError(f"eventRuleFilterPattern: {error}") from error
        return text

    @model_validator(mode="after")
    def _queue_named(self) -> EventBridge:
        config = self.event_source_config
        if config.event_source_type == "MNS" and config.event_source_parameters.source_mns_parameters is None:
            raise ValueError("a source of type MNS needs sourceMNSParameters")
        if self.event_sink_config.delivery_option.mode != self.run_options.mode:
            raise ValueError("eventSinkConfig.deliveryOption.mode and runOptions.mode must agree")
        return self


class Trigger(Declared):
    """One trigger; its configuration is read by its type."""

    trigger_name: Name
    trigger_type: Literal["timer", "eventbridge"]
    trigger_config: Timer | EventBridge
    description: str = ""
    qualifier: str = "LATEST"
    source_arn: str = ""
    invocation_role: str = ""

    @model_validator(mode="before")
    @classmethod
    def _by_type(cls, entry: dict[str, Any]) -> dict[str, Any]:
        kinds: dict[object, type[Timer | EventBridge]] = {"timer": Timer, "eventbridge": EventBridge}
        kind = kinds.get(entry.get("triggerType"))
        if kind is None:
            raise ValueError(f"triggerType {entry.get('triggerType')!r} is not emulated")
        return {**entry, "triggerConfig": kind.model_validate(entry.get("triggerConfig") or {})}


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
