"""One AssumeRole, for the accounts that we enter."""

from __future__ import annotations

from datetime import datetime

from shared.clients import Api, Credentials

SESSION_NAME = "cross-account-backup"
"""What the audit trail of the entered account shows."""
SHORTEST = 900
"""Seconds; the least that STS gives (AssumeRole, DurationSeconds)."""


def assume(
    sts: Api, account_id: str, role_name: str, name: str = "AssumeRole", *, policy: str | None = None
) -> Credentials:
    """Credentials of ``role_name`` in ``account_id``; ``name`` is the one under which a failure is classified."""
    given = sts(
        "AssumeRole",
        name,
        role_arn=f"acs:ram::{account_id}:role/{role_name}",
        role_session_name=SESSION_NAME,
        duration_seconds=SHORTEST,
        policy=policy,
    ).credentials
    expires = datetime.fromisoformat(given.expiration.replace("Z", "+00:00")).timestamp()
    return Credentials(given.access_key_id, given.access_key_secret, given.security_token, expires)
