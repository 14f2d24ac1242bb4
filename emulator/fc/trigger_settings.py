"""What a trigger is, as ``s.yaml`` declares it: timers, and eventbridge triggers on the default bus or on a queue.

Keys and limits: the documented configuration of each type (help pages "Timer triggers", "EventBridge triggers", "MNS
queue triggers" of Function Compute 3.0). Other types, sources and sinks are refused.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic.alias_generators import to_camel, to_pascal

from emulator.bus.patterns import BadPatternError, compile_pattern
from emulator.fc.cron import BadCronError, Schedule

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$-]{0,127}$")]


class Declared(BaseModel):
    """A part of the file: camelCase there, snake_case here; nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class Parameters(Declared):
    """The parts that EventBridge reads, which are in PascalCase."""

    model_config = ConfigDict(alias_generator=to_pascal)


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
