"""RAM 2015-05-01: the table of its actions.

Parameters are those of the official SDK's request models; names, lengths and codes are from the API pages.
"""

from __future__ import annotations

from emulator import ram_policies, ram_roles, ram_service_roles
from emulator.service import Action, Param, Service

_ROLE_NAME = Param(
    required=True, pattern=r"[A-Za-z0-9.-]+", maximum=64, invalid="InvalidParameter.RoleName.InvalidChars"
)
_SERVICE_ROLE_NAME = Param(required=True, maximum=128)
_POLICY_NAME = Param(
    required=True, pattern=r"[A-Za-z0-9-]+", maximum=128, invalid="InvalidParameter.PolicyName.InvalidChars"
)
_POLICY_TYPE = Param(required=True, choices=("System", "Custom"))
_DESCRIPTION = Param(maximum=1024, default="")
_SESSION = Param("integer", minimum=3600, maximum=43200)
_TAG = Param("json")
_PAGE = {"Marker": Param(), "MaxItems": Param("integer", default=100, minimum=1, maximum=1000), "Tag": _TAG}
_ATTACHMENT = {
    "RoleName": _ROLE_NAME,
    "PolicyName": _POLICY_NAME,
    "PolicyType": _POLICY_TYPE,
    "ResourceGroupId": Param(),
}
_ROLE = "acs:ram:*:{account}:role/{RoleName}"
_POLICY = "acs:ram:*:{account}:policy/{PolicyName}"

CREATE_SERVICE_LINKED_ROLE = Action(
    ram_service_roles.create,
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
    ram_service_roles.delete,
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
            ram_roles.create,
            {
                "RoleName": _ROLE_NAME,
                "AssumeRolePolicyDocument": Param(required=True),
                "Description": _DESCRIPTION,
                "MaxSessionDuration": _SESSION,
                "AllowConsoleLogin": Param("boolean", default=True),
                "Tag": _TAG,
            },
            permission="ram:CreateRole",
            resource="acs:ram:*:{account}:role/*",
            writes=True,
            errors=("EntityAlreadyExists.Role", "LimitExceeded.Role", "MalformedPolicyDocument"),
        ),
        "GetRole": Action(
            ram_roles.get,
            {"RoleName": _SERVICE_ROLE_NAME},
            permission="ram:GetRole",
            resource=_ROLE,
            errors=("EntityNotExist.Role",),
        ),
        "UpdateRole": Action(
            ram_roles.update,
            {
                "RoleName": _ROLE_NAME,
                "NewAssumeRolePolicyDocument": Param(),
                "NewDescription": Param(maximum=1024),
                "NewMaxSessionDuration": _SESSION,
                "NewAllowConsoleLogin": Param("boolean"),
            },
            permission="ram:UpdateRole",
            resource=_ROLE,
            writes=True,
            errors=("EntityNotExist.Role", "MalformedPolicyDocument"),
        ),
        "DeleteRole": Action(
            ram_roles.delete,
            {"RoleName": _ROLE_NAME},
            permission="ram:DeleteRole",
            resource=_ROLE,
            writes=True,
            errors=("EntityNotExist.Role", "DeleteConflict.Role.Policy"),
        ),
        "ListRoles": Action(
            ram_roles.list_roles, _PAGE, permission="ram:ListRoles", resource="acs:ram:*:{account}:role/*"
        ),
        "ListPoliciesForRole": Action(
            ram_roles.policies_of,
            {"RoleName": _SERVICE_ROLE_NAME},
            permission="ram:ListPoliciesForRole",
            resource=_ROLE,
            errors=("EntityNotExist.Role",),
        ),
        "AttachPolicyToRole": Action(
            ram_roles.attach,
            _ATTACHMENT,
            permission="ram:AttachPolicyToRole",
            resource=_ROLE,
            writes=True,
            errors=(
                "EntityAlreadyExists.Role.Policy",
                "EntityNotExist.Role",
                "EntityNotExist.Policy",
                "LimitExceeded.Role.Policy",
            ),
        ),
        "DetachPolicyFromRole": Action(
            ram_roles.detach,
            _ATTACHMENT,
            permission="ram:DetachPolicyFromRole",
            resource=_ROLE,
            writes=True,
            errors=("EntityNotExist.Role", "EntityNotExist.Policy", "EntityNotExist.Role.Policy"),
        ),
        "CreatePolicy": Action(
            ram_policies.create,
            {
                "PolicyName": _POLICY_NAME,
                "PolicyDocument": Param(required=True, maximum=6144),
                "Description": _DESCRIPTION,
                "Tag": _TAG,
            },
            permission="ram:CreatePolicy",
            resource="acs:ram:*:{account}:policy/*",
            writes=True,
            errors=("EntityAlreadyExists.Policy", "LimitExceeded.Policy", "MalformedPolicyDocument"),
        ),
        "GetPolicy": Action(
            ram_policies.get,
            {"PolicyName": _POLICY_NAME, "PolicyType": _POLICY_TYPE},
            permission="ram:GetPolicy",
            resource=_POLICY,
            errors=("EntityNotExist.Policy",),
        ),
        "DeletePolicy": Action(
            ram_policies.delete,
            {"PolicyName": _POLICY_NAME, "CascadingDelete": Param("boolean")},
            permission="ram:DeletePolicy",
            resource=_POLICY,
            writes=True,
            errors=("EntityNotExist.Policy", "DeleteConflict.Policy.Role", "DeleteConflict.Policy.User"),
        ),
        "ListPolicies": Action(
            ram_policies.list_policies,
            {**_PAGE, "PolicyType": Param(choices=("System", "Custom"))},
            permission="ram:ListPolicies",
            resource="acs:ram:*:{account}:policy/*",
        ),
        "CreateServiceLinkedRole": CREATE_SERVICE_LINKED_ROLE,
        "DeleteServiceLinkedRole": DELETE_SERVICE_LINKED_ROLE,
    },
)
