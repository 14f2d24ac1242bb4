from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from tests.emulator.refusals import refused

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

NEWEST = {"set_as_default": True, "rotate_strategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded"}


def document(action: str) -> str:
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


def policy(cloud: LocalCloud) -> Any:
    """RAM's client, with a policy that has two versions."""
    client = cloud.client("ram")
    client.create_policy(ram.CreatePolicyRequest(policy_name="mine", policy_document=document("oss:*")))
    fields = {"policy_name": "mine", "policy_document": document("ecs:*")}
    client.create_policy_version(ram.CreatePolicyVersionRequest(**fields, **NEWEST))
    return client


def test_a_new_version_is_what_counts(cloud: LocalCloud) -> None:
    """The default version is the new one, with its document."""
    found = policy(cloud).get_policy(ram.GetPolicyRequest(policy_name="mine", policy_type="Custom")).body
    assert found.default_policy_version.version_id == "v2"
    assert found.default_policy_version.policy_document == document("ecs:*")


def test_versions_keep_a_policy(cloud: LocalCloud) -> None:
    """A policy with versions is deleted only where the request says so."""
    client = policy(cloud)
    refusal = refused(client.delete_policy, ram.DeletePolicyRequest(policy_name="mine"))
    assert refusal == (409, "DeleteConflict.Policy.Version")
    client.delete_policy(ram.DeletePolicyRequest(policy_name="mine", cascading_delete=True))
    assert cloud.state()["accounts"][cloud.accounts["management"]]["policies"].get("mine") is None


def test_a_version_that_cannot_be_is_refused(cloud: LocalCloud) -> None:
    """The document must be a policy, the policy must be there, and only new defaults are emulated."""
    client = policy(cloud)
    fields = {"policy_name": "mine", "policy_document": document("ecs:*")}
    cases = [
        ({**fields, **NEWEST, "policy_document": "no"}, (400, "MalformedPolicyDocument")),
        ({**fields, **NEWEST, "policy_name": "other"}, (404, "EntityNotExist.Policy")),
        ({**fields, "set_as_default": False}, (400, "InvalidParameter.SetAsDefault")),
        ({**fields, "set_as_default": True}, (400, "InvalidParameter.RotateStrategy")),
    ]
    for given, refusal in cases:
        assert refused(client.create_policy_version, ram.CreatePolicyVersionRequest(**given)) == refusal


def test_what_is_attached_to_a_target_is_listed(cloud: LocalCloud) -> None:
    """The system policy is attached everywhere; a custom one only where it was attached, not below."""
    client = cloud.client("resourcedirectory")
    request = rd.CreateControlPolicyRequest(policy_name="no", effect_scope="RAM", policy_document=document("oss:*"))
    made = client.create_control_policy(request).body.control_policy.policy_id
    client.attach_control_policy(rd.AttachControlPolicyRequest(policy_id=made, target_id="fd-prod000001"))

    def attached(target: str) -> list[str]:
        asked = rd.ListControlPolicyAttachmentsForTargetRequest(target_id=target)
        rows = client.list_control_policy_attachments_for_target(asked).body.control_policy_attachments
        return [row.policy_id for row in rows.control_policy_attachment]

    assert attached("fd-prod000001") == ["cp-FullAliyunAccess", made]
    assert attached("1000000000000011") == ["cp-FullAliyunAccess"]
    asked = rd.ListControlPolicyAttachmentsForTargetRequest(target_id="fd-nowhere0001")
    assert refused(client.list_control_policy_attachments_for_target, asked) == (404, "EntityNotExists.Target")
