"""EventBridge: what happened in an account reaches the functions whose rules ask for it.

Rules come from the functions' triggers, patterns are judged in ``patterns.py``, delivery and its failures are in
``delivery.py``. Custom buses and targets other than functions are not emulated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from emulator.bus.delivery import start
from emulator.bus.patterns import Test, compile_pattern
from emulator.bus.state import BusSettings, Delivery, Rule

if TYPE_CHECKING:
    from emulator.cloud import Cloud

DIRECTORY_SOURCES = ("acs.resourcemanager", "acs.resourcedirectorymaster")
_REQUIRED = ("id", "source", "specversion", "type", "data")


def publish_event(cloud: Cloud, event: Mapping[str, Any]) -> None:
    """Put a write event of ActionTrail on the default bus of its account and region.

    Source and type follow the help page "ActionTrail events" (``{service}:ActionTrail:ApiCall``). Whether the Resource
    Directory's events are published at all is in no document, hence the guess ``directory_events``.
    """
    wrapped = wrap(event)
    if wrapped["source"] in DIRECTORY_SOURCES and cloud.guesses.directory_events == "absent":
        return
    publish(cloud, wrapped)


def wrap(event: Mapping[str, Any]) -> dict[str, Any]:
    """The CloudEvent around an ActionTrail event (help page "CloudEvents" of EventBridge).

    That its id is the event's id, and the form of ``subject``, are inferred.
    """
    service, account = event["serviceName"].lower(), event["recipientAccountId"]
    return {
        "id": event["eventId"],
        "source": f"acs.{service}",
        "specversion": "1.0",
        "type": f"{service}:ActionTrail:{event['eventType']}",
        "datacontenttype": "application/json;charset=utf-8",
        "subject": f"acs:{service}:{event['acsRegion']}:{account}:{event['resourceName']}",
        "time": event["eventTime"],
        "aliyunaccountid": account,
        "aliyunoriginalaccountid": account,
        "aliyunpublishtime": event["eventTime"],
        "aliyuneventbusname": "default",
        "aliyunregionid": event["acsRegion"],
        "aliyunpublishaddr": event["sourceIpAddress"],
        "data": dict(event),
    }


def publish(cloud: Cloud, event: Mapping[str, Any]) -> int:
    """Deliver a CloudEvent to every rule of its account and region that it fits; how many those are."""
    account, region = event.get("aliyunaccountid"), event.get("aliyunregionid")
    rules = [
        rule
        for rule in cloud.state.bus.rules.values()
        if rule.account_id == account and rule.region == region and _compiled(rule.pattern)(event)
    ]
    for rule in rules:
        _deliver(cloud, rule, event)
    return len(rules)


def _deliver(cloud: Cloud, rule: Rule, event: Mapping[str, Any]) -> None:
    settings = cloud.state.bus.settings
    for _ in range(2 if cloud.rng.random() < settings.duplicate else 1):
        delivery = Delivery(
            function=rule.function,
            trigger=rule.name,
            payload=json.dumps(event["data"] if rule.raw_data else event, ensure_ascii=False),
            async_invocation_type=rule.async_invocation_type,
            retry=rule.retry,
            dead_letter=rule.dead_letter,
            dead_letters=[json.dumps(event, ensure_ascii=False)] if rule.dead_letter else [],
            due=cloud.clock.now() + cloud.rng.random() * settings.reorder_seconds,
        )
        start(cloud, delivery)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Test:
    return compile_pattern(json.loads(pattern))


def configure(cloud: Cloud, given: Mapping[str, Any]) -> None:
    """Change settings (see ``BusSettings``); a ValueError for unknown names and values out of range."""
    bus = cloud.state.bus
    bus.settings = BusSettings.model_validate({**bus.settings.model_dump(), **given})


def _control(cloud: Cloud, given: Mapping[str, Any]) -> dict[str, Any]:
    """``POST /_emulator/bus``: settings, and ``{"publish": CloudEvent}`` to put one event on the bus by hand.

    A hand-made event goes to the account and region that it names itself; without them it goes to the account and
    region of the rules.
    """
    settings = dict(given)
    event = settings.pop("publish", None)
    configure(cloud, settings)
    answer: dict[str, Any] = {
        "settings": cloud.state.bus.settings.model_dump(),
        "rules": [rule.model_dump() for rule in cloud.state.bus.rules.values()],
    }
    if event is not None:
        missing = [name for name in _REQUIRED if name not in event]
        if missing:
            raise ValueError(f"a CloudEvent needs {', '.join(missing)}")
        where = {(rule.account_id, rule.region) for rule in cloud.state.bus.rules.values()}
        full = [{"aliyunaccountid": account, "aliyunregionid": region, **event} for account, region in where]
        answer["matched"] = sum(publish(cloud, one) for one in ([event] if "aliyunregionid" in event else full))
    return answer


CONTROL: dict[str, Callable[[Cloud, Mapping[str, Any]], Any]] = {"bus": _control}
"""Names under ``/_emulator/`` → what answers GET (nothing given) and POST there."""
