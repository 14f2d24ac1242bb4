"""Through which door a change goes: the deployed function, or the same code in this process.

The function uses its own role and writes its own log, which is why it is the default. ``--direct`` uses the operator's
rights, for when nothing is deployed or the function itself is what is broken; it goes at the function's pace.
"""

from __future__ import annotations

import json
from typing import Any

from cli.advice import deploy
from cli.output import NotDoneError
from cli.session import PATIENCE, Session
from shared import events
from shared.deadline import Deadline
from shared.handling import handle
from shared.invoke import invoker


def through(door: str, payload: dict[str, Any], session: Session, *, direct: bool) -> dict[str, Any]:
    """The answer of one door to one request. Raises InvokeError, NotDoneError, or what the work itself raises."""
    if direct:
        read = events.read(json.dumps(payload))
        (done,) = handle(read, session.config, session.credentials, Deadline.after(PATIENCE), door)
        return done
    config = session.config
    answer = invoker(config, session.credentials).invoke(f"{config.functions.prefix}{door}", payload)
    try:
        ended = json.loads(answer.text)
    except ValueError:
        ended = None
    if not isinstance(ended, dict):
        raise NotDoneError(
            f"{config.functions.prefix}{door} answered what is not ours: {answer.text[:200]!r}",
            f"check that the deployed version is this one: `{deploy(config)}`",
            reason="unknown_answer",
        )
    if differs(ended, session):
        ended["warnings"] = [*ended.get("warnings", ()), f"{other_configuration(session)}: `{deploy(config)}`"]
    return ended


def other_configuration(session: Session) -> str:
    """What is said where the functions go by another one than is read here."""
    packed = "" if session.file == "config.yaml" else "; what is packed is the one in the project's folder"
    return f"the functions are deployed with another configuration than {session.file}, and go by that{packed}"


def differs(ended: dict[str, Any], session: Session) -> bool:
    """Whether what a function answered or logged was done by another configuration; older releases do not say it."""
    return ended.get("config", "") not in {"", session.config.fingerprint}


def where(door: str, session: Session, *, direct: bool) -> str:
    """How a question names the door."""
    return "from here, with your own rights" if direct else f"through {session.config.functions.prefix}{door}"
