"""Where the code of each refusal comes from: the vendor's metadata, another page of theirs, or nowhere.

Of the codes that the metadata does not have, the table below says where they are from.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

import pytest

from emulator.server import SERVICES
from tests.emulator.refusals import documented

HBR_PAGE = 'help page "Error codes" of Cloud Backup'
TERRAFORM = "the Terraform provider knows it"
SAME = "inferred: the metadata has it for other actions of the product"
LIKE_RAM = "inferred: as RAM's own action of that name"
ELSEWHERE: Mapping[str, Mapping[str, str]] = {
    "hbr": {
        **dict.fromkeys(
            (
                *("AccountNotEnableRdTrustedService", "ArchiveDaysTooShort", "ArchiveRetentionDaysTooShort"),
                *("AssumeRoleFail", "BackupAccountNotInSpecifiedRd", "BadRequest", "NoPermission", "ResourceNotFound"),
                *("RoleNotExist", "ServiceNotActivated", "TaskNotFound", "VaultNotExist"),
            ),
            HBR_PAGE,
        ),
        **dict.fromkeys(
            ("CannotDeleteReplicationSourceVault", "ORDER.OPEND", "VaultBoundPolicyCannotBeDeleted"), TERRAFORM
        ),
        "CrossAccountBackupSlrNotExist": SAME,
    },
    "ram": {
        **dict.fromkeys(
            ("EntityAlreadyExists.Role", "LimitExceeded.Role", "MalformedPolicyDocument"),
            'API page "CreateRole" of RAM (doc-detail/28710)',
        ),
        **dict.fromkeys(
            ("EntityNotExist.Role", "DeleteConflict.Role.Policy"),
            'API page "DeleteRole" of Resource Management, which has RAM\'s action too (doc-detail/159989)',
        ),
        **dict.fromkeys(
            ("EntityAlreadyExists.Role.Policy", "EntityNotExist.Policy", "LimitExceeded.Role.Policy"),
            'API page "AttachPolicyToRole" of RAM (ram/api-attachpolicytorole)',
        ),
        "EntityNotExist.Role.Policy": TERRAFORM,
        **dict.fromkeys(("EntityAlreadyExists.Policy", "LimitExceeded.Policy"), 'API page "CreatePolicy" of RAM'),
        **dict.fromkeys(
            ("DeleteConflict.Policy.Role", "DeleteConflict.Policy.User", "DeleteConflict.Policy.Version"),
            'page "Error codes" of Resource Management 2020-03-31, which has RAM\'s DeletePolicy too',
        ),
        **dict.fromkeys(
            (
                *("EntityNotExist.Service", "EntityNotExist.ServiceLinkedRole"),
                *("InvalidParameter.CustomSuffix.NotAllowed", "InvalidParameter.Description.NotAllowed"),
            ),
            'API page "CreateServiceLinkedRole" of Resource Management',
        ),
        **dict.fromkeys(
            ("InvalidParameter.RotateStrategy", "InvalidParameter.SetAsDefault"), "only what is emulated is taken"
        ),
        "NoPermission.ServiceLinkedRole": "inferred: only the service may change its role",
    },
    "resourcedirectory": {
        **dict.fromkeys(
            (
                *("EntityNotExists.Account", "EntityNotExists.Folder", "EntityNotExists.ResourceDirectory"),
                "RemoveConfilctAccountAsDelegatedAdministator",
            ),
            SAME,
        ),
        **dict.fromkeys(
            (
                *("DeleteConflict.ControlPolicy.Attachment", "EntityAlreadyExists.ControlPolicy"),
                *("EntityAlreadyExists.ControlPolicy.Attachment", "EntityNotExists.ControlPolicy"),
                *("MalformedPolicyDocument", "QuotaExceeded.TagCount"),
            ),
            "inferred from the names of the product's other codes",
        ),
    },
    "resourcemanager": {
        **dict.fromkeys(
            (
                *("EntityAlreadyExists.Role", "EntityNotExist.Role", "EntityNotExist.Service"),
                *("EntityNotExist.ServiceLinkedRole", "InvalidParameter.CustomSuffix.NotAllowed"),
                *("InvalidParameter.Description.NotAllowed", "EntityNotExist.ServiceLinkedRole.DeletionTask"),
            ),
            LIKE_RAM,
        ),
    },
}
"""Service → code → where it is from. What Resource Manager shares with the directory is not repeated."""
CHECKED = [
    (service.name, action) for service in SERVICES if service.name in ELSEWHERE for action in service.actions
] + [("sts", action) for service in SERVICES if service.name == "sts" for action in service.actions]


def undocumented(service: str, action: str) -> set[str]:
    """The codes that an action may answer and that the metadata does not have for it."""
    (table,) = (known for known in SERVICES if known.name == service)
    return set(table.actions[action].errors) - documented(service, action).keys()


@pytest.mark.parametrize("called", CHECKED, ids="-".join)
def test_every_code_has_its_source(called: tuple[str, str]) -> None:
    """A code is the metadata's for this action, or it is known where it is from."""
    service, action = called
    twin = ELSEWHERE["resourcedirectory"] if service == "resourcemanager" else {}
    assert undocumented(service, action) - ELSEWHERE.get(service, {}).keys() - twin.keys() == set()


def test_no_source_is_given_for_nothing() -> None:
    """A code that no action answers any more is in no table."""
    for service, codes in ELSEWHERE.items():
        (table,) = (known for known in SERVICES if known.name == service)
        needed = {code for action in table.actions for code in undocumented(service, action)}
        assert sorted(codes.keys() - needed) == []


@pytest.mark.parametrize(("service", "action"), [(table.name, name) for table in SERVICES for name in table.actions])
def test_every_action_names_its_source(service: str, action: str) -> None:
    """The docstring of an action says which page or model of the vendor its behaviour is from."""
    (table,) = (known for known in SERVICES if known.name == service)
    run = inspect.unwrap(table.actions[action].run)
    assert re.search(r"(API|help) page|SDK model|inferred|Terraform", run.__doc__ or ""), (
        run.__qualname__,
        run.__doc__,
    )
