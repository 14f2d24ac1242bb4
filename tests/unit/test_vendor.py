from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.outcome import AttemptError, NotReadyError, PermanentError, Reason, TemporaryError
from shared.vendor import (
    ABSENT,
    EXISTS,
    FAULT,
    MEANINGS,
    THROTTLED,
    UNKNOWN,
    AbsentError,
    ExistsError,
    failure,
    meaning,
)

CODES: list[tuple[str, str, int, type[AttemptError], Reason]] = [
    # Observations.
    ("CreateRole", "EntityAlreadyExists.Role", 409, ExistsError, Reason.UNKNOWN_ERROR),
    ("AttachPolicyToRole", "EntityAlreadyExists.Role.Policy", 409, ExistsError, Reason.UNKNOWN_ERROR),
    ("CreateServiceLinkedRole", "EntityAlreadyExists.Role", 409, ExistsError, Reason.UNKNOWN_ERROR),
    ("GetRole", "EntityNotExist.Role", 404, AbsentError, Reason.UNKNOWN_ERROR),
    ("DetachPolicyFromRole", "EntityNotExist.Role.Policy", 404, AbsentError, Reason.UNKNOWN_ERROR),
    ("DeleteRole", "EntityNotExist.Role", 404, AbsentError, Reason.UNKNOWN_ERROR),
    ("GetAccount", "EntityNotExists.Account", 404, AbsentError, Reason.UNKNOWN_ERROR),
    # May pass.
    ("CreateRole", "Throttling", 400, TemporaryError, Reason.THROTTLED),
    ("CreateRole", "Throttling.User", 400, TemporaryError, Reason.THROTTLED),
    ("AssumeRole", "Throttling.Api", 429, TemporaryError, Reason.THROTTLED),
    ("AddCrossAccount", "InternalError", 200, TemporaryError, Reason.CLOUD_FAULT),
    ("GetRole", "ServiceUnavailable", 503, TemporaryError, Reason.CLOUD_FAULT),
    ("GetRole", "InvalidSecurityToken.Expired", 400, TemporaryError, Reason.CLOUD_FAULT),
    ("DeleteRole", "DeleteConflict.Role.Policy", 409, TemporaryError, Reason.CLOUD_FAULT),
    # Too new.
    ("AssumeRole", "EntityNotExist.Role", 404, NotReadyError, Reason.ACCESS_ROLE_MISSING),
    ("AssumeRole", "NoPermission", 403, NotReadyError, Reason.ACCESS_DENIED),
    ("AttachPolicyToRole", "EntityNotExist.Role", 404, NotReadyError, Reason.NOT_READY),
    ("CheckRole", "CrossAccountBackupSlrNotExist", 200, NotReadyError, Reason.ROLE_NOT_USABLE),
    # For a person.
    ("CreateRole", "NoPermission", 403, PermanentError, Reason.ACCESS_DENIED),
    ("GetRole", "InvalidAccessKeyId.NotFound", 404, PermanentError, Reason.ACCESS_DENIED),
    ("CreateRole", "LimitExceeded.Role", 409, PermanentError, Reason.LIMIT_EXCEEDED),
    ("AttachPolicyToRole", "EntityNotExist.Policy", 404, PermanentError, Reason.BAD_CONFIGURATION),
    ("CreateRole", "InvalidParameter.RoleName.InvalidChars", 400, PermanentError, Reason.BAD_CONFIGURATION),
    ("AssumeBackupRole", "EntityNotExist.Role", 404, PermanentError, Reason.BAD_CONFIGURATION),
    ("AssumeBackupRole", "NoPermission", 403, PermanentError, Reason.ACCESS_DENIED),
    ("GetAccount", "EntityNotExists.ResourceDirectory", 404, PermanentError, Reason.DIRECTORY_UNAVAILABLE),
    ("AddCrossAccount", "ServiceNotActivated", 200, PermanentError, Reason.CLOUD_BACKUP_NOT_OPEN),
    ("AddCrossAccount", "AccountNotEnableRdTrustedService", 200, PermanentError, Reason.RESOURCE_DIRECTORY_MODE_OFF),
]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "code", "status", "kind", "reason"), CODES, ids=[" ".join(row[:2]) for row in CODES]
)
def test_codes_have_their_meaning(
    action: str, code: str, status: int, kind: type[AttemptError], reason: Reason
) -> None:
    """A vendor's code leads to the error that says what is to be done about it."""
    found = failure(action, code, status, "in the vendor's words", request_id="R-1", delay=3)
    assert type(found) is kind
    assert (found.reason, found.code, found.request_id) == (reason, code, "R-1")
    if isinstance(found, TemporaryError):
        assert found.delay == 3


@pytest.mark.parametrize(
    ("status", "expected"), [(429, THROTTLED), (500, FAULT), (503, FAULT), (400, UNKNOWN), (200, UNKNOWN)]
)
def test_unknown_codes_are_judged_by_status(status: int, expected: object) -> None:
    """A code that nobody knows may pass: throttled, at fault or unknown, as the HTTP status says."""
    assert meaning("CreateRole", "SomethingNew.Entirely", status) == expected
    assert expected in {THROTTLED, FAULT, UNKNOWN}


def test_the_action_is_stronger_than_the_rule_for_all() -> None:
    """What a code means to one action goes before what it means to every action."""
    assert meaning("GetRole", "NoPermission", 403).kind == "permanent"
    assert meaning("AssumeRole", "NoPermission", 403).kind == "not_ready"


def test_the_whole_code_is_stronger_than_its_family() -> None:
    """A code that is known by its whole name is not judged by the first part of it."""
    assert meaning("GetAccount", "EntityNotExists.Account", 404) == ABSENT
    assert meaning("AttachPolicyToRole", "EntityNotExist.Policy", 404) != ABSENT
    assert meaning("AttachPolicyToRole", "EntityAlreadyExists.Role.Policy", 409) == EXISTS


def test_a_family_is_no_prefix() -> None:
    """Families are separated by full stops: a longer word is another code."""
    assert meaning("GetRole", "ThrottlingOfSomethingElse", 400) == UNKNOWN
    assert meaning("GetRole", "EntityNotExistent", 404) == UNKNOWN


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(MEANINGS)), st.text(max_size=600), st.integers(100, 599))
def test_words_decide_nothing(row: tuple[str, str], detail: str, status: int) -> None:
    """Of a known code neither the message's text nor the status changes the meaning, and the text stays bounded."""
    action, code = row
    found = failure(action, code, status, detail)
    assert type(found) is type(failure(action, code, 400, ""))
    assert len(str(found)) < 600


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 999))
def test_any_code_has_a_meaning(action: str, code: str, status: int) -> None:
    """Whatever the cloud answers is one of the two error words: an observation may pass, too."""
    assert isinstance(failure(action, code, status, ""), TemporaryError | PermanentError)


def test_every_failure_has_a_reason_of_its_own() -> None:
    """No row of the table that needs a person's attention is left with the reason of unknown errors."""
    vague = [
        row
        for row, meant in MEANINGS.items()
        if meant.kind in {"permanent", "not_ready"} and meant.reason is Reason.UNKNOWN_ERROR
    ]
    assert vague == []
