"""``cab config``: what is wanted, checked and shown. No verb of this group talks to the cloud."""

from __future__ import annotations

import json

import yaml

from cli.output import Result
from cli.session import Session
from cli.verb import verb
from shared.config import Config


@verb("cab config check")
def check(session: Session) -> Result:
    """Check config.yaml: every mistake at once, with its key, its value and what was expected."""
    config = session.config
    facts = {
        "management_account": config.management_account,
        "backup_account": config.backup_account.id,
        "regions": list(config.every_region),
        "rules": len(config.scope),
        "external": len(config.external),
    }
    said = ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in facts.items())
    return Result({"file": session.file, "ok": True, **facts}, [f"{session.file} is right: {said}"])


@verb("cab config show")
def show(session: Session) -> Result:
    """Show the configuration as it is understood, with every default filled in."""
    document = session.config.model_dump(mode="json")
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    from rich.syntax import Syntax  # noqa: PLC0415 - slow, and no other verb needs it

    return Result(document, [Syntax(text, "yaml", background_color="default", word_wrap=True)])


@verb("cab config schema > config.schema.json")
def schema(session: Session) -> Result:  # noqa: ARG001 - every verb is given one
    """Print the JSON Schema of config.yaml, for editors that check while you type."""
    document = Config.model_json_schema()
    return Result(document, [json.dumps(document, indent=2)])


def _short(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


VERBS = (check, show, schema)
