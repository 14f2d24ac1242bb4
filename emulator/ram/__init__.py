"""RAM 2015-05-01: the table of its actions.

Parameters are those of the official SDK's request models; names, lengths and codes are from the API pages.
"""

from __future__ import annotations

from emulator.paging import PLACE
from emulator.ram import policies, roles, service_roles
from emulator.service import Action, Param, Service
from emulator.shapes import TAG

_ROLE_NAME = Param(
    required=True,
    pattern=r"[A-Za-z0-9.-]+",
    maximum=64,
    invalid="InvalidParameter.RoleName.InvalidChars",
    length="InvalidParameter.RoleName.Length",
)
_SERVICE_ROLE_NAME = Param(required=True, maximum=128)
_POLICY_NAME = Param(
    required=True,
    pattern=r"[A-Za-z0-9-]+",
    maximum=128,
    invalid="InvalidParameter.PolicyName.InvalidChars",
    length="InvalidParameter.PolicyName.Length",
)
_POLICY_TYPE = Param(required=True, choices=("System", "Custom"))
_DESCRIPTION = Param(maximum=1024, default="", length="InvalidParameter.Description.Length")
_TRUST_LENGTH = 4096
"""Characters of a trust policy (inferred)."""
_SESSION = Param("integer", minimum=3600, maximum=43200)
_TAG = Param("json", shape=[TAG])
_PAGE = {"Marker": PLACE, "MaxItems": Param("integer", default=100, minimum=1, maximum=1000), "Tag": _TAG}
_ATTACHMENT = {
    "RoleName": _ROLE_NAME,
    "PolicyName": _POLICY_NAME,
    "PolicyType": _POLICY_TYPE,
    "ResourceGroupId": Param(),
}
_LINKED = "NoPermission.ServiceLinkedRole"
_ROLE = "acs:ram:*:{account}:role/{RoleName}"
_POLICY = "acs:ram:*:{account}:policy/{PolicyName}"

CREATE_SERVICE_LINKED_ROLE = Action(
    service_roles.create,
    {"ServiceName": Param(required=True), "CustomSuffix": Param(maximum=64), "Description": Param(maximum=1024)},
    permission="ram:CreateServiceLinkedRole",
    resource="acs:ram:*:{account}:role/*",
    writes=True,
    errors=(
        "EntityAlreadyExists.Role",
        "EntityNotExist.Service",
        "InvalidParameter.CustomSuffix.NotAllowed",
        "InvalidParameter.Description.NotAllowed",
    ),
)
DELETE_SERVICE_LINKED_ROLE = Action(
    service_roles.delete,
    {"RoleName": _SERVICE_ROLE_NAME},
    permission="ram:DeleteServiceLinkedRole",
    resource=_ROLE,
    writes=True,
    errors=("EntityNotExist.Role", "EntityNotExist.ServiceLinkedRole"),
)

SERVICE = Service(
    name="ram",
    product="Ram",
    version="2015-05-01",
    actions={
        "CreateRole": Action(
            roles.create,
            {
                "RoleName": _ROLE_NAME,
                "AssumeRolePolicyDocument": Param(
                    required=True, maximum=_TRUST_LENGTH, length="InvalidParameter.AssumeRolePolicyDocument.Length"
                ),
                "Description": _DESCRIPTION,
                "MaxSessionDuration": _SESSION,
                "AllowConsoleLogin": Param("boolean", default=True),
                "Tag": _TAG,
            },
            permission="ram:CreateRole",
            resource=_ROLE,
            writes=True,
            errors=("EntityAlreadyExists.Role", "LimitExceeded.Role", "MalformedPolicyDocument"),
        ),
        "GetRole": Action(
            roles.get,
            {"RoleName": _SERVICE_ROLE_NAME},
            permission="ram:GetRole",
            resource=_ROLE,
            errors=("EntityNotExist.Role",),
        ),
        "UpdateRole": Action(
            roles.update,
            {
                "RoleName": _ROLE_NAME,
                "NewAssumeRolePolicyDocument": Param(
                    maximum=_TRUST_LENGTH, length="InvalidParameter.NewAssumeRolePolicyDocument.Length"
                ),
                "NewDescription": Param(maximum=1024, length="InvalidParameter.NewDescription.Length"),
                "NewMaxSessionDuration": _SESSION,
                "NewAllowConsoleLogin": Param("boolean"),
            },
            permission="ram:UpdateRole",
            resource=_ROLE,
            writes=True,
            errors=("EntityNotExist.Role", "MalformedPolicyDocument", _LINKED),
        ),
        "DeleteRole": Action(
            roles.delete,
            {"RoleName": _ROLE_NAME},
            permission="ram:DeleteRole",
            resource=_ROLE,
            writes=True,
            errors=("EntityNotExist.Role", "DeleteConflict.Role.Policy", _LINKED),
        ),
        "ListRoles": Action(roles.list_roles, _PAGE, permission="ram:ListRoles", resource="acs:ram:*:{account}:role/*"),
        "ListPoliciesForRole": Action(
            roles.policies_of,
            {"RoleName": _SERVICE_ROLE_NAME},
            permission="ram:ListPoliciesForRole",
            resource=_ROLE,
            errors=("EntityNotExist.Role",),
        ),
        "AttachPolicyToRole": Action(
            roles.attach,
            _ATTACHMENT,
            permission="ram:AttachPolicyToRole",
            resource=_ROLE,
            writes=True,
            errors=(
                "EntityAlreadyExists.Role.Policy",
                "EntityNotExist.Role",
                "EntityNotExist.Policy",
                "LimitExceeded.Role.Policy",
                _LINKED,
            ),
        ),
        "DetachPolicyFromRole": Action(
            roles.detach,
            _ATTACHMENT,
            permission="ram:DetachPolicyFromRole",
            resource=_ROLE,
            writes=True,
            errors=("EntityNotExist.Role", "EntityNotExist.Policy", "EntityNotExist.Role.Policy", _LINKED),
        ),
        "CreatePolicy": Action(
            policies.create,
            {
                "PolicyName": _POLICY_NAME,
                "PolicyDocument": Param(required=True, maximum=6144, length="InvalidParameter.PolicyDocument.Length"),
                "Description": _DESCRIPTION,
                "Tag": _TAG,
            },
            permission="ram:CreatePolicy",
            resource=_POLICY,
            writes=True,
            errors=("EntityAlreadyExists.Policy", "LimitExceeded.Policy", "MalformedPolicyDocument"),
        ),
        "CreatePolicyVersion": Action(
            policies.create_version,
            {
                "PolicyName": _POLICY_NAME,
                "PolicyDocument": Param(required=True, maximum=6144, length="InvalidParameter.PolicyDocument.Length"),
                "SetAsDefault": Param("boolean", default=False),
                "RotateStrategy": Param(default="None"),
            },
            permission="ram:CreatePolicyVersion",
            resource=_POLICY,
            writes=True,
            errors=(
                "EntityNotExist.Policy",
                "InvalidParameter.RotateStrategy",
                "InvalidParameter.SetAsDefault",
                "MalformedPolicyDocument",
            ),
        ),
        "GetPolicy": Action(
            policies.get,
            {"PolicyName": _POLICY_NAME, "PolicyType": _POLICY_TYPE},
            permission="ram:GetPolicy",
            resource=_POLICY,
            errors=("EntityNotExist.Policy",),
        ),
        "DeletePolicy": Action(
            policies.delete,
            {"PolicyName": _POLICY_NAME, "CascadingDelete": Param("boolean")},
            permission="ram:DeletePolicy",
            resource=_POLICY,
            writes=True,
            errors=(
                "EntityNotExist.Policy",
                "DeleteConflict.Policy.Role",
                "DeleteConflict.Policy.User",
                "DeleteConflict.Policy.Version",
            ),
        ),
        "ListPolicies": Action(
            policies.list_policies,
            {**_PAGE, "PolicyType": Param(choices=("System", "Custom"))},
            permission="ram:ListPolicies",
            resource="acs:ram:*:{account}:policy/*",
        ),
        "CreateServiceLinkedRole": CREATE_SERVICE_LINKED_ROLE,
        "DeleteServiceLinkedRole": DELETE_SERVICE_LINKED_ROLE,
    },
)
