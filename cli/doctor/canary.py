"""``--canary``: one marked event through the deployed function, timed. It changes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from cli.advice import INVOKED, advise, deploy
from cli.doctor.finding import BY_HAND, Finding, cause, ok, unknown
from cli.doors import differs, other_configuration
from cli.site import Site
from cli.survey import State
from shared.invoke import InvokeError, invoker

NOT_TESTED = "the rule itself is not tested by this: only an account that is created, moved or removed does that"


def canary(site: Site) -> Iterator[Finding]:
    """Ask the deployed function to prove the role of an account that is registered (or to look one up)."""
    registered = [one.account_id for one in site.surveyed if one.state is State.REGISTERED]
    account = (registered or [site.config.management_account])[0]
    mark = f"canary-{int(time.time())}"
    event = {"specversion": "1.0", "id": mark, "source": "cab.doctor", "type": "cab:Doctor:Canary"}
    payload = {**event, "data": {"accountId": account, "do": "check"}}
    name, began = f"{site.config.functions.prefix}onboard", time.monotonic()
    try:
        answer = invoker(site.config, site.credentials).invoke(name, payload)
    except InvokeError as error:
        yield cause(f"{name} could not be run: {error}", f"{BY_HAND}{INVOKED.get(error.status, INVOKED[200])}")
        return
    took, ended = time.monotonic() - began, json.loads(answer.text)
    said = f"{name} answered {mark} in {took:.2f} s: {ended.get('state', ended.get('disposition'))}"
    if ended.get("disposition") not in {"done", "ignored"}:
        fix = advise(ended.get("reason")) or "look at the function's log"
        yield cause(
            f"{said}: {ended.get('reason')}: {ended.get('detail')}", f"cab explain {account}", f"{BY_HAND}{fix}"
        )
        return
    yield ok(f"{said} ({ended.get('api_calls', 0)} API calls)")
    if differs(ended, site.session):
        yield cause(other_configuration(site.session), deploy(site.config))
    yield unknown(NOT_TESTED)
