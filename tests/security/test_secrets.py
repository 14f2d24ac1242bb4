"""No key, token or signature in any log, answer, dead letter or exception, whatever is switched on that logs them."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from shared import log
from shared.backups import Place
from shared.clients import Credentials
from shared.cloud import connect_backup_account
from shared.config import load
from shared.deadline import Deadline
from shared.invoke import InvokeError, invoker
from shared.queue import QueueError
from tests.cloud import Key
from tests.flows.backups import ROLE, Backups
from tests.flows.world import PROD, World
from tests.matrix.flows import trail
from tests.secrets import WIDTH, holds

SECRET = "qT7hJ0Xc9mVtB2sLr4aPzK8n5eYd3G"
"""Looks like an access key's secret, and was put into an event by somebody."""


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the root logger and darabonba's own handler write, at the level that tells most."""
    text = io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(text)
    monkeypatch.setattr(root, "handlers", [handler])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    sdk, own = logging.getLogger("darabonba-core"), logging.StreamHandler(text)
    sdk.addHandler(own)
    yield text
    sdk.removeHandler(own)


def clean(world: World, text: str) -> bool:
    """Whether none of the secrets that the cloud ever gave out is in it."""
    issued, leaks = world.cloud.secrets()
    assert len(issued) > 2
    return leaks == [] and not holds(text, {secret[:WIDTH] for secret in issued})


def test_the_search_finds_what_is_there(world: World) -> None:
    """The tests below can fail: a token, a secret and a signature are each found in a text."""
    world.enrol()
    assert not clean(world, f"headers: {world.key.token}")
    assert not clean(world, f"secret={world.key.access_key_secret}!")
    signature = next(one for one in world.cloud.secrets()[0] if len(one) == 64)
    assert not clean(world, signature)
    assert clean(world, "nothing")


def test_debug_output_of_the_sdks(world: World, written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """With DEBUG=sdk darabonba writes whole requests, and not one secret with them."""
    monkeypatch.setenv("DEBUG", "sdk")
    assert world.enrol()["state"] == "protected"
    assert world.call("teardown", {"accountId": PROD, "do": "withdraw"})["state"] == "withdrawn"
    text = written.getvalue()
    assert "x-acs-action : CreateRole" in text
    assert "Signature=***" in text
    assert clean(world, text)


PASSWORD = "p&ss, w\"rd's =end"
"""Of a database; with everything that could end a word."""


def test_a_password_that_a_person_gives(world: World, written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cab hana` sends a database's password to Cloud Backup, and shows it nowhere, not even with DEBUG=sdk."""
    monkeypatch.setenv("DEBUG", "sdk")
    world.enrol()
    vault = Backups(world).open().vault()
    log.protect()
    own = Credentials(*world.cloud.key("backup"))
    settings = {
        "hana_name": "erp",
        "ecs_instance_id": '["i-prod0000000000001"]',
        "host": "10.0.0.5",
        "sid": "HXE",
        "instance_number": 0,
    }
    with connect_backup_account(load(os.environ), own, Deadline.after(60)) as (_, by_hand):
        by_hand.register_hana(
            "cn-hangzhou",
            Place(PROD, "CROSS_ACCOUNT", ROLE),
            **settings,
            user_name="SYSTEM",
            password=PASSWORD,
            vault_id=vault,
        )
    text = written.getvalue()
    assert "Password=***" in text
    assert not any(form in text for form in (PASSWORD, quote(PASSWORD, safe=""), "w%22rd", "=end"))
    assert clean(world, text)


@pytest.mark.parametrize("way", ["fc2-3.0", "fc2-2.0"])
def test_what_fc2_logs_when_it_is_refused(world: World, written: io.StringIO, way: str) -> None:
    """fc2 logs the headers of a refused request, and its string to sign: without what is secret in them."""
    world.configure(functions={"way": way})
    key = world.key
    invoke = invoker(load(os.environ), Credentials(key.access_key_id, key.access_key_secret, key.token))
    with pytest.raises(InvokeError) as refused:
        invoke.invoke("cab-onboard", {"accountId": PROD})
    assert "Client error" in written.getvalue()
    assert clean(world, written.getvalue() + str(refused.value) + repr(refused.value.__cause__))


def test_failures_of_every_kind(world: World, written: io.StringIO) -> None:
    """Tracebacks, answers and dead letters of failed attempts hold none either."""
    session = world.cloud.into(PROD)
    text = f"canonical request: x-acs-security-token:{session.token} Signature={'0a' * 32} {session.token}"
    answers = []
    for number, code in enumerate(("SignatureDoesNotMatch", "InternalError", "NoPermission", "Unheard.Of")):
        world.cloud.fault(
            service="ram", action="CreateRole", status=(400, 500, 403, 400)[number], code=code, message=text
        )
        answers.append(world.enrol())
    world.cloud.fault(service="ram", action="CreateRole", status=200, body="<html>" + session.token)
    answers.append(world.enrol())
    world.key = Key(world.key.access_key_id, "wrong", world.key.token)
    with pytest.raises(QueueError) as raised:
        world.enrol()
    assert {answer["disposition"] for answer in answers[:4]} == {"dead_letter", "retry"}
    letters = json.dumps(world.dead_letters() + world.retries())
    assert "x-acs-security-token:***" in letters
    assert clean(world, written.getvalue() + json.dumps(answers) + letters + repr(raised.value))


@pytest.mark.parametrize(
    "event",
    [
        {"accountId": PROD, "AccessKeySecret": SECRET},
        {"unknown": {"security_token": SECRET}},
        {"unknown": [{"AccessKeySecret": [SECRET]}, {"SecurityToken": {"is": SECRET}}, {"dbPassword": SECRET}]},
        {"unknown": f"https://oapi.dingtalk.com/robot/send?access_token={SECRET}"},
        {"unknown": {"who": f"LTAI{SECRET}"}},
        {"unknown": f"Authorization: ACS3-HMAC-SHA256 Credential=x,SignedHeaders=host,Signature={SECRET}"},
        trail("CreateResourceAccount", "no id") | {"AccessKeySecret": SECRET},
        trail("CreateResourceAccount", PROD) | {"requestHeaders": {"x-acs-security-token": SECRET}},
    ],
    ids=lambda event: next(iter(event)),
)
def test_a_secret_in_an_event_goes_nowhere(world: World, written: io.StringIO, event: object) -> None:
    """What somebody else put into an event is neither logged nor kept in a queue."""
    world.cloud.fault(service="ram", action="CreateRole", status=500)
    answer = world.call("onboard", event)
    assert answer["disposition"] in {"dead_letter", "retry"}
    everything = written.getvalue() + json.dumps([answer, world.dead_letters(), world.retries()])
    assert "***" in everything
    assert SECRET not in everything


def test_credentials_do_not_show_themselves(world: World) -> None:
    """Printing what holds credentials shows none."""
    shown = repr(Credentials(world.key.access_key_id, world.key.access_key_secret, world.key.token))
    assert clean(world, shown)
    assert log.redact(f"SecurityToken={world.key.token}") == "SecurityToken=***"
