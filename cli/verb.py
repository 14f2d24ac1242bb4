"""What every verb has in common, so that a verb is one function of a session and its own arguments.

``@verb("cab status --deep")`` makes a typer command of it: adds --local, --config, --json and --verbose, opens the
session, prints the result or the error, and ends with the exit code. The example is shown below the verb's help.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.advice import EXPECTED, explained
from cli.output import NotDoneError, Result, Said, fail, show
from cli.session import Session
from shared import log

EVERY = "Every verb"
Local = Annotated[
    bool,
    typer.Option(
        "--local",
        show_default=False,
        help="Talk to the running emulator: that of `make emulator` here, or that CAB_EMULATOR names.",
        rich_help_panel=EVERY,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="What is wanted; else CAB_CONFIG names it, else config.yaml.",
        rich_help_panel=EVERY,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.", rich_help_panel=EVERY)]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log to stderr, redacted.", rich_help_panel=EVERY)]
COMMON: dict[str, tuple[Any, object]] = {
    "local": (Local, False),
    "config_file": (ConfigFile, None),
    "as_json": (AsJson, False),
    "verbose": (Verbose, False),
}

AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id, 16 digits.")]
Named = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id, 16 digits, or its display name.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing anything.")]
Direct = Annotated[bool, typer.Option("--direct", help="Work from here with your own rights, not in the function.")]

Command = Callable[..., None]
STOPPED = NotDoneError("stopped; what was done stays done", "`cab status` shows how things are now", reason="stopped")


def verb(example: str) -> Callable[[Callable[..., Result]], Command]:
    """A typer command from ``work(session, …)``."""

    def made(work: Callable[..., Result]) -> Command:
        def command(**given: Any) -> None:  # noqa: ANN401 - whatever the verb takes
            common = {name: given.pop(name) for name in COMMON}
            raise typer.Exit(run(work, given, **common))

        own = list(inspect.signature(work, eval_str=True).parameters.values())[1:]
        every = [Parameter(n, Parameter.KEYWORD_ONLY, annotation=a, default=d) for n, (a, d) in COMMON.items()]
        own = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in own]
        vars(command)["__signature__"] = Signature([*own, *every])
        vars(command)["example"] = example
        command.__annotations__ = {one.name: one.annotation for one in [*own, *every]}
        # A verb that is called as a builtin is, such as list, is written with an underscore behind it.
        name = work.__name__.rstrip("_")
        command.__name__, command.__doc__, command.__module__ = name, work.__doc__, work.__module__
        return command

    return made


def run(
    work: Callable[..., Result],
    given: dict[str, Any],
    *,
    local: bool,
    config_file: Path | None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Do a verb's work; print what came of it; return the exit code."""
    _log(verbose=verbose)
    said = Said(local, config_file)
    try:
        return show(work(Session(local, config_file), **given), as_json=as_json, said=said)
    except NotDoneError as error:
        return fail(error, as_json=as_json, said=said)
    except EXPECTED as error:
        return fail(explained(error), as_json=as_json, said=said)
    except KeyboardInterrupt:
        return fail(STOPPED, as_json=as_json, said=said)


def _log(*, verbose: bool) -> None:
    """The SDKs log what they are about to raise, secrets included: only on demand, on stderr, and redacted."""
    if not verbose:
        logging.disable()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    log.protect()
