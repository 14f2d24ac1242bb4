"""The reference of docs/console.md, made from the console itself: ``python -m tools.console``.

What ``cab VERB --help`` says, the page says too, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from cli.main import app
from cli.verb import COMMON, EVERY

PAGE = Path("docs/console.md")
BEGIN, END = "<!-- begin verbs -->", "<!-- end verbs -->"
HEAD = "| | |\n| --- | --- |\n"


def verbs(group: Any = None, words: str = "cab") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer's own classes
    """Every verb, as (its words, typer's command)."""
    group = typer.main.get_command(app) if group is None else group
    for name, command in group.commands.items():
        said = f"{words} {name}"
        if hasattr(command, "commands"):
            yield from verbs(command, said)
        else:
            yield said, command


def reference() -> str:
    """What every verb has in common, then each verb: what it does, an example, what it takes."""
    every = next(command for _, command in verbs())
    common = _table(one for one in every.params if one.name in COMMON)
    return "\n".join([f"### {EVERY}\n\n{common}", *(_section(*verb) for verb in verbs())])


def _section(words: str, command: Any) -> str:  # noqa: ANN401 - the same
    example = command.epilog.removeprefix("Example: ").removeprefix("[bold]").removesuffix("[/bold]")
    own = [one for one in command.params if one.name not in COMMON]
    table = f"\n{_table(own)}" if own else ""
    return f"### {words}\n\n{command.help}\n\n```text\n{example}\n```\n{table}"


def _table(parameters: Any) -> str:  # noqa: ANN401 - the same
    return HEAD + "".join(f"| `{_name(one)}` | {one.help.replace('|', chr(92) + '|')} |\n" for one in parameters)


def _name(parameter: Any) -> str:  # noqa: ANN401 - the same
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name)
    return "`, `".join(parameter.opts)


def main() -> None:
    """Rewrite the reference between the markers of the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{reference()}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
