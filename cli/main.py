"""``cab``: assembles the operator's console. A new verb is one file and one line here."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import typer

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
from cli.output import WrongUseError, fail
from cli.verb import AsJson, Command, ConfigFile, Local, Verbose

VERBS: tuple[Command, ...] = (
    plan.plan,
    apply.apply,
    onboard.onboard,
    teardown.teardown,
    purge.purge,
    status.status,
    backup.backup,
    restore.restore,
    hana.hana,
    reconcile.reconcile,
    replay.replay,
    bootstrap.bootstrap,
    explain.explain,
    report.report,
    doctor.doctor,
)
GROUPS: dict[str, tuple[str, tuple[Command, ...]]] = {
    "config": ("Check, show and describe config.yaml.", config.VERBS),
    "dead-letters": ("What waits for a person, why, and the way back.", dead_letters.VERBS),
}

# Locals may hold credentials: they are in no traceback.
app = typer.Typer(name="cab", no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_show_locals=False)


@app.callback()
def cab(
    context: typer.Context,
    *,
    local: Local = False,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Central Cloud Backup for every account of a Resource Directory: look, change, repair.

    Exit status: 0 done, 1 not done (and why), 2 wrong use. What is wanted is written in config.yaml.
    """
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


def _add(to: typer.Typer, command: Command) -> None:
    to.command(_name(command), epilog=f"Example: [bold]{vars(command)['example']}[/bold]")(command)


for _verb in VERBS:
    _add(app, _verb)
for _group, (_help, _verbs) in GROUPS.items():
    _typer = typer.Typer(no_args_is_help=True, help=_help)
    for _verb in _verbs:
        _add(_typer, _verb)
    app.add_typer(_typer, name=_group)


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
        sys.exit(fail(WrongUseError("stopped"), as_json=False))


if __name__ == "__main__":
    main()
