"""The check of what registration is for: that there are backups. To be registered and not backed up is not safe."""

from __future__ import annotations

from collections.abc import Iterator

from cli.covered import backups, proved
from cli.doctor.finding import Finding, cause, ok, some, unknown, warning
from cli.site import Site
from shared.wording import counted


def backed_up(site: Site) -> Iterator[Finding]:
    """Every wanted kind of every account that is registered has a good backup, as old as was promised at most."""
    if not site.config.backup_policies:
        yield unknown("no backup policy is configured, so whether anything is backed up is not known here")
        return
    registered = [one for one in site.surveyed if one.state.enrolled]
    found = backups(registered, site.cloud.ports, site.now)
    wrong: dict[tuple[str, str], dict[str, str]] = {}
    for account, kind in [(account, kind) for account, one in found.items() for kind in one["kinds"]]:
        if kind["state"] != "proved":
            wrong.setdefault((kind["kind"].replace("_", " "), _what(kind)), {})[account] = kind["fix"]
    for (name, what), fixes in wrong.items():
        said = f"{name}: {what} in {counted(len(fixes), 'account')}: {some(fixes)}"
        first = list(dict.fromkeys(fix for fix in fixes.values() if fix))[:MOST_FIXES]
        yield cause(said, *first) if first else warning(said)
    good, wanting = proved(found)
    if not wanting:
        yield unknown("no account that is registered is to be backed up by a policy")
    elif not wrong:
        yield ok(f"{counted(good, 'account')}, all with good backups as old as promised at most")


MOST_FIXES = 3


def _what(kind: dict[str, object]) -> str:
    if kind["state"] == "none bound":
        return "nothing is bound to a backup policy, and there is no backup"
    if kind["last_failure"]:
        return "the last job failed, and no good backup is as young as promised"
    if kind["last_good"] is not None:
        return "the last good backup is older than promised"
    return "on schedule, and no backup was seen yet"
