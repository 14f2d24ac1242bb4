"""The table of the directory's actions: parameters, permission, refusals. What they do is in the files beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.directory import administrators, control_policies, folders, invitations, leaving, members, tags
from emulator.paging import PLACE
from emulator.service import Action, Param

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.service import Call

_ACCOUNT = Param(required=True, pattern=r"\d{10,19}")
_FOLDER = Param(pattern=r"(r|fd)-[A-Za-z0-9]+")
_POLICY = Param(required=True, pattern=r"cp-[A-Za-z0-9]+")
_TAG = Param("maps")
_PAGE = {
    "PageNumber": Param("integer", default=1, minimum=1),
    "PageSize": Param("integer", default=10, minimum=1, maximum=100),
}
_TOKENS = {"MaxResults": Param("integer", minimum=1, maximum=100), "NextToken": PLACE}
_RESOURCE_TYPE = Param(required=True, choices=("Account", "Folder"))
_SERVICE_PRINCIPAL = r"[a-z0-9-]+(\.[a-z0-9-]+)*\.aliyuncs\.com"
_DISPLAY_NAME = Param(
    pattern=r"[\w .-]+",
    minimum=2,
    maximum=50,
    invalid="InvalidParameter.Account.DisplayName",
    length="InvalidParameter.Account.DisplayName.Length",
    missing="MissingParameter.Account.DisplayName",
)

_ANY_ACCOUNT = "acs:resourcemanager:*:{account}:account/*"
_ANY_FOLDER = "acs:resourcemanager:*:{account}:folder/*"
"""API pages "ListAccounts" and "ListFoldersForParent"; that other actions ask for no narrower one is inferred."""


def _action(
    run: Callable[[Call], dict[str, Any]], params: Mapping[str, Param] | None = None, *errors: str, on: str = "*"
) -> Action:
    """A read action; its permission follows from its name in the table."""
    return Action(run, params or {}, resource=on, errors=("EntityNotExists.ResourceDirectory", *errors))


_READS = {
    "GetResourceDirectory": replace(_action(folders.get_directory), errors=("ResourceDirectoryNotInUse",)),
    "GetFolder": _action(
        folders.get, {"FolderId": replace(_FOLDER, required=True)}, "EntityNotExists.Folder", on=_ANY_FOLDER
    ),
    "ListFoldersForParent": _action(
        folders.list_for_parent,
        {**_PAGE, "ParentFolderId": _FOLDER, "QueryKeyword": Param(), "Tag": _TAG},
        "EntityNotExists.Folder",
        on=_ANY_FOLDER,
    ),
    "ListAncestors": _action(
        folders.list_ancestors,
        {"ChildId": replace(_FOLDER, required=True)},
        "EntityNotExists.Folder",
        on=_ANY_FOLDER,
    ),
    "GetAccount": _action(
        members.get,
        {"AccountId": _ACCOUNT, "IncludeTags": Param("boolean", default=False)},
        "EntityNotExists.Account",
        on=_ANY_ACCOUNT,
    ),
    "ListAccounts": _action(
        members.list_all,
        {**_PAGE, **_TOKENS, "IncludeTags": Param("boolean"), "QueryKeyword": Param(), "Tag": _TAG},
        on=_ANY_ACCOUNT,
    ),
    "ListAccountsForParent": _action(
        members.list_for_parent,
        {
            **_PAGE,
            "ParentFolderId": _FOLDER,
            "IncludeTags": Param("boolean"),
            "QueryKeyword": Param(),
            "Tag": _TAG,
        },
        "EntityNotExists.Folder",
        on=_ANY_ACCOUNT,
    ),
    "GetAccountDeletionStatus": _action(
        leaving.deletion_status,
        {"AccountId": _ACCOUNT},
        "EntityNotExists.Account",
        "EntityNotExists.CheckAccount",
        on=_ANY_ACCOUNT,
    ),
    "ListTagResources": _action(
        tags.list_tags,
        {**_TOKENS, "ResourceId": Param("texts"), "ResourceType": _RESOURCE_TYPE, "Tag": _TAG},
        "EntityNotExists.Account",
        "EntityNotExists.Folder",
    ),
    "ListDelegatedAdministrators": _action(
        administrators.list_administrators, {**_PAGE, "ServicePrincipal": Param(pattern=_SERVICE_PRINCIPAL)}
    ),
    "ListTrustedServiceStatus": _action(
        administrators.list_trusted_services, {**_PAGE, "AdminAccountId": replace(_ACCOUNT, required=False)}
    ),
    "ListControlPolicies": _action(
        control_policies.list_policies,
        {**_PAGE, "PolicyType": Param(choices=("System", "Custom")), "Language": Param(), "Tag": _TAG},
    ),
    "ListControlPolicyAttachmentsForTarget": _action(
        control_policies.list_for_target,
        {"TargetId": Param(required=True), "Language": Param()},
        "EntityNotExists.Target",
    ),
    "GetControlPolicyEnablementStatus": _action(control_policies.enablement),
}

_ATTACHMENT = {"PolicyId": _POLICY, "TargetId": Param(required=True)}
_DELEGATION = {
    "AccountId": _ACCOUNT,
    "ServicePrincipal": Param(required=True, pattern=_SERVICE_PRINCIPAL, status=409),
}

_WRITES = {
    "CreateFolder": _action(
        folders.create,
        {
            "FolderName": Param(
                required=True,
                pattern=r"[\w.-]+",
                maximum=24,
                invalid="InvalidParameter.Folder.Name",
                length="InvalidParameter.Folder.Name.Length",
                missing="MissingParameter.Folder.Name",
            ),
            "ParentFolderId": _FOLDER,
            "Tag": _TAG,
        },
        "EntityNotExists.Folder",
        "InvalidParameter.Folder.Name.AlreadyUsed",
        "LimitExceeded.Folder.Depth",
        "QuotaExceeded.Folder.Count",
        on=_ANY_FOLDER,
    ),
    "CreateResourceAccount": _action(
        members.create,
        {
            "DisplayName": replace(_DISPLAY_NAME, required=True),
            "ParentFolderId": _FOLDER,
            "PayerAccountId": replace(_ACCOUNT, required=False),
            "AccountNamePrefix": Param(
                pattern=r"[A-Za-z0-9]+([_.-][A-Za-z0-9]+)*",
                minimum=2,
                maximum=37,
                invalid="InvalidParameter.Account.AccountNamePrefix",
                length="InvalidParameter.Account.AccountNamePrefix.Length",
            ),
            "Tag": _TAG,
            "ResellAccountType": Param(choices=("resell", "non_resell")),
            "DryRun": Param("boolean"),
        },
        "EntityNotExists.Folder",
        "InvalidParameter.Account.DisplayName.AlreadyUsed",
        on=_ANY_ACCOUNT,
    ),
    "UpdateAccount": _action(
        members.update,
        {
            "AccountId": _ACCOUNT,
            "NewDisplayName": _DISPLAY_NAME,
            "NewAccountType": Param(choices=("ResourceAccount", "CloudAccount")),
            "DryRun": Param("boolean"),
        },
        "EntityNotExists.Account",
        "MissingDisplayNameOrAccountType",
        "AccountTypeMismatch",
        "InvalidParameter.Account.DisplayName.AlreadyUsed",
        on=_ANY_ACCOUNT,
    ),
    "MoveAccount": _action(
        members.move,
        {"AccountId": _ACCOUNT, "DestinationFolderId": replace(_FOLDER, required=True)},
        "EntityNotExists.Account",
        "EntityNotExists.Folder",
        on=_ANY_ACCOUNT,
    ),
    "InviteAccountToResourceDirectory": _action(
        invitations.invite,
        {
            "TargetEntity": Param(required=True),
            "TargetType": Param(required=True, choices=("Account", "Email")),
            "Note": Param(maximum=1024, length="InvalidParameter.Note.Length"),
            "ParentFolderId": _FOLDER,
            "Tag": _TAG,
        },
        "InvalidParameter.TargetEntity",
        "EntityNotExists.Folder",
        "EntityAlreadyExists.Handshake",
        "EntityAlreadyExists.ResourceDir.Account",
    ),
    "AcceptHandshake": _action(
        invitations.accept,
        {"HandshakeId": Param(required=True, pattern=r"h-\w+")},
        "EntityNotExists.Handshake",
        "HandshakeStatusMismatch",
    ),
    "RemoveCloudAccount": _action(
        leaving.remove,
        {"AccountId": _ACCOUNT},
        "EntityNotExists.Account",
        "AccountTypeOrStatusMismatch",
        "Deny.TrustedService",
        "RemoveConfilctAccountAsDelegatedAdministator",
        on=_ANY_ACCOUNT,
    ),
    "DeleteAccount": _action(
        leaving.delete,
        {"AccountId": _ACCOUNT, "AbandonableCheckId": Param("json", shape=[str])},
        "EntityNotExists.Account",
        "NoLicense.ResourceDirectory",
        "MemberTypeError.DeleteAccount",
        "ExistProcessingDeleteFlow.DeleteAccount",
        "RemoveConfilctAccountAsDelegatedAdministator",
        on=_ANY_ACCOUNT,
    ),
    "TagResources": _action(
        tags.add,
        {
            "ResourceId": Param("texts", required=True),
            "ResourceType": _RESOURCE_TYPE,
            "Tag": replace(_TAG, required=True),
        },
        "EntityNotExists.Account",
        "EntityNotExists.Folder",
        "QuotaExceeded.TagCount",
    ),
    "UntagResources": _action(
        tags.remove,
        {
            "ResourceId": Param("texts", required=True),
            "ResourceType": _RESOURCE_TYPE,
            "TagKey": Param("texts"),
            "All": Param("boolean", default=False),
        },
        "EntityNotExists.Account",
        "EntityNotExists.Folder",
    ),
    "RegisterDelegatedAdministrator": _action(
        administrators.register,
        _DELEGATION,
        "EntityNotExists.Account",
        "AccountAlreadyRegistered",
        "DelegatedAccountNumberExceeded",
        "CannotRegisterMasterAsDelegatedAdministrator",
    ),
    "DeregisterDelegatedAdministrator": _action(administrators.deregister, _DELEGATION, "AccountNotRegistered"),
    "CreateControlPolicy": _action(
        control_policies.create,
        {
            "PolicyName": Param(required=True, pattern=r"[A-Za-z][A-Za-z0-9-]*", maximum=128),
            "PolicyDocument": Param(
                required=True, maximum=4096, length="InvalidParameter.PolicyDocument.Length", status=409
            ),
            "EffectScope": Param(required=True, choices=("RAM",)),
            "Description": Param(maximum=1024),
            "Tag": _TAG,
        },
        "MalformedPolicyDocument",
        "EntityAlreadyExists.ControlPolicy",
    ),
    "DeleteControlPolicy": _action(
        control_policies.delete,
        {"PolicyId": _POLICY},
        "EntityNotExists.ControlPolicy",
        "DeleteConflict.ControlPolicy.Attachment",
    ),
    "AttachControlPolicy": _action(
        control_policies.attach,
        _ATTACHMENT,
        "EntityNotExists.ControlPolicy",
        "EntityNotExists.Target",
        "EntityAlreadyExists.ControlPolicy.Attachment",
    ),
    "DetachControlPolicy": _action(
        control_policies.detach, _ATTACHMENT, "EntityNotExists.ControlPolicy", "EntityNotExists.Target"
    ),
    "EnableControlPolicy": _action(control_policies.enable),
    "DisableControlPolicy": _action(control_policies.disable),
}

ACTIONS = {
    name: replace(action, permission=f"resourcemanager:{name}", writes=name in _WRITES)
    for name, action in {**_READS, **_WRITES}.items()
}
