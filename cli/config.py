"""``cab config``: what is wanted, checked and shown. No verb of this group talks to the cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches

import yaml
from rich.text import Text

from cli.output import Result
from cli.session import Session
from cli.verb import verb
from shared.config import Config
from shared.kinds import CHECKED, REGIONS


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
    warnings = list(_unknown_regions(config))
    more = {"warnings": warnings} if warnings else {}
    said = ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in facts.items())
    shown = [Text(f"{session.file} is right: {said}"), *(Text(f"warning: {one}", "yellow") for one in warnings)]
    return Result({"file": session.file, "ok": True, **facts, **more}, shown)


def _unknown_regions(config: Config) -> Iterator[str]:
    """A region may be newer than this project: so that is a warning, and no mistake."""
    named = [config.region, *config.every_region, *config.trail_regions]
    named += [region for policy in config.backup_policies for region in policy.regions]
    for region in dict.fromkeys(named):
        if region not in REGIONS:
            close = get_close_matches(region, REGIONS, 1)
            instead = f": did you mean {close[0]}?" if close else ""
            yield f"{region} is none of the {len(REGIONS)} regions of Cloud Backup known on {CHECKED}{instead}"


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
