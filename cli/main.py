"""``cab``: assembles the operator's console. A new verb is one file and one line here."""

from __future__ import annotations

import sys
from importlib import metadata
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from cli import (
    apply,
    backup,
    bootstrap,
    config,
    dead_letters,
    doctor,
    explain,
    hana,
    onboard,
    plan,
    purge,
    reconcile,
    replay,
    report,
    restore,
    status,
    teardown,
)
from cli.output import Result, WrongUseError, fail, show
from cli.verb import STOPPED, AsJson, Command, ConfigFile, Local, Verbose

SET_UP, LOOK, CHANGE, BACKUPS = "Set up", "Look (changes nothing)", "Change", "Backups"
PANELS: dict[str, tuple[Command, ...]] = {
    SET_UP: (bootstrap.bootstrap,),
    LOOK: (status.status, explain.explain, plan.plan, report.report, doctor.doctor),
    CHANGE: (onboard.onboard, teardown.teardown, apply.apply, reconcile.reconcile, replay.replay),
    BACKUPS: (backup.backup, restore.restore, purge.purge, hana.hana),
}
"""The verbs, as the help sorts them."""
VERBS: tuple[Command, ...] = tuple(verb for verbs in PANELS.values() for verb in verbs)
GROUPS: dict[str, tuple[str, tuple[Command, ...], str, str]] = {
    "config": ("Check, show and describe config.yaml.", config.VERBS, "cab config check", SET_UP),
    "dead-letters": (
        "What waits for a person, why, and the way back.",
        dead_letters.VERBS,
        "cab dead-letters list, then cab dead-letters redrive --reason access_denied",
        CHANGE,
    ),
}
"""What they are for, their verbs, an example, and their panel."""
FIRST_STEPS = """\
Example: [bold]cab status[/bold]

To try it without a cloud, in the project's folder:

[bold]make emulator[/bold] in a terminal of its own: a local Alibaba Cloud, for as long as it runs

[bold]cab status --local[/bold] in another one: who is under central backup, and what mends it

[bold]cab bootstrap --local[/bold] makes what is missing of queues, roles and policies

[bold]cab onboard prod-app --local[/bold] protects one account; [bold]cab reconcile --local[/bold] all of them

[bold]cab doctor --local[/bold]: whether the whole path works, and what mends it

On a real landing zone: [bold]cab config check[/bold], then [bold]cab bootstrap[/bold],
then [bold]make package && s deploy[/bold], then [bold]cab doctor[/bold]; the README says how.
"""


class _Plain:
    """Help without the types of Python: what takes a value has a word for it, its ``metavar``."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - a type that typer keeps to itself
        """As typer has them, but for how they are shown."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # the command beside it has it
        for one in params:
            if isinstance(one, TyperArgument):
                one.display_type_rich = lambda **_: None  # type: ignore[method-assign]
            elif getattr(one, "is_flag", False):
                one.metavar = ""
        return params


class _Verb(_Plain, TyperCommand):
    """One verb."""


class _Group(_Plain, TyperGroup):
    """Several verbs."""


# Locals may hold credentials: they are in no traceback.
app = typer.Typer(
    name="cab",
    cls=_Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    epilog=FIRST_STEPS,
)


def _version(asked: bool) -> None:  # noqa: FBT001 - as typer calls it
    if asked:
        number = metadata.version("cross-account-backup")
        raise typer.Exit(show(Result({"version": number}, [f"cab {number}"]), as_json="--json" in sys.argv))


Version = Annotated[
    bool, typer.Option("--version", help="Say which version this is.", callback=_version, is_eager=True)
]


@app.callback()
def cab(
    context: typer.Context,
    *,
    local: Local = False,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
    version: Version = False,
) -> None:
    """Central Cloud Backup for every account of a Resource Directory: look, change, repair.

    Exit status: 0 done, 1 not done (and why), 2 wrong use. What is wanted is written in config.yaml.
    """
    del version
    given = {"local": local, "config_file": config_file, "as_json": as_json, "verbose": verbose}
    common = {name: value for name, value in given.items() if value}
    # The options of every verb may stand before it, too.
    context.default_map = {name: common | dict.fromkeys(_verbs_of(name), common) for name in _names()}


def _names() -> list[str]:
    return [*(_name(verb) for verb in VERBS), *GROUPS]


def _verbs_of(group: str) -> list[str]:
    return [_name(verb) for verb in GROUPS[group][1]] if group in GROUPS else []


def _name(command: Command) -> str:
    return command.__name__.replace("_", "-")


def _add(to: typer.Typer, command: Command, panel: str | None = None) -> None:
    example = f"Example: [bold]{vars(command)['example']}[/bold]"
    to.command(_name(command), cls=_Verb, epilog=example, rich_help_panel=panel)(command)


for _panel, _verbs in PANELS.items():
    for _verb in _verbs:
        _add(app, _verb, _panel)
for _group, (_help, _verbs, _example, _panel) in GROUPS.items():
    _typer = typer.Typer(cls=_Group, no_args_is_help=True, help=_help, epilog=f"Example: [bold]{_example}[/bold]")
    for _verb in _verbs:
        _add(_typer, _verb)
    app.add_typer(_typer, name=_group, rich_help_panel=_panel)


def main() -> None:
    """Entry point of the console script."""
    if isinstance(sys.stdout, TextIOWrapper):
        # An argument that is not UTF-8 is shown as what it was; in JSON, this is how JSON writes it.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.exit(app(prog_name="cab", standalone_mode=False))
    except typer.TyperException as error:
        # No message: help was asked for by saying nothing, and has been printed.
        message, context = error.format_message(), getattr(error, "ctx", None)
        asked = context.command_path if context else "cab"
        wrong = WrongUseError(message, f"`{asked} --help` shows what it takes")
        sys.exit(fail(wrong, as_json="--json" in sys.argv) if message else wrong.exit_code)
    except typer.Abort:
        sys.exit(fail(STOPPED, as_json="--json" in sys.argv))


if __name__ == "__main__":
    main()
