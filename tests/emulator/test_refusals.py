"""Refusals that no other file asks for, one each, and that there is no refusal in the emulator without a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from tests.cloud import ROOT, Key
from tests.emulator.refusals import refused
from tests.emulator.signing import own, refusal, rpc, send

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

MANAGEMENT, MEMBER = "1000000000000001", "1000000000000012"
ROLE = f"acs:ram::{MEMBER}:role/ResourceDirectoryAccountAccessRole"
POLICY = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":"*"}]}'
LONG_AGO = formatdate(time() - 3600, usegmt=True)


def older(cloud: LocalCloud, key: Key) -> tuple[int, str]:
    """What a call in the older signature is refused with."""
    return refusal(rpc(cloud.endpoints["sts"], key, "GetCallerIdentity", "2015-04-01"))


def test_the_older_signature_s_nonce_is_accepted_once(cloud: LocalCloud) -> None:
    """The same request a second time is refused."""
    twice = rpc(cloud.endpoints["sts"], cloud.key(), "GetCallerIdentity", "2015-04-01")
    assert send(twice).status_code == 200
    assert refusal(twice) == (400, "SignatureNonceUsed")


def test_the_older_signature_needs_its_session_s_token(cloud: LocalCloud) -> None:
    """Without the token, and after the session's end, a session's key opens nothing."""
    session = cloud.assume(ROLE, duration_seconds=900)
    assert older(cloud, session._replace(token="")) == (400, "MissingSecurityToken")
    cloud.advance(901)
    assert older(cloud, session) == (400, "InvalidSecurityToken.Expired")


@pytest.mark.parametrize(
    ("spoilt", "wanted"),
    [
        ({"authorization": None}, (400, "MissingRequiredHeader")),
        ({"date": None}, (400, "MissingRequiredHeader")),
        ({"date": "yesterday"}, (400, "InvalidArgument")),
        ({"date": LONG_AGO}, (403, "AccessDenied")),
    ],
    ids=["nobody", "no date", "no such date", "long ago"],
)
def test_function_compute_wants_name_and_date(cloud: LocalCloud, spoilt: Any, wanted: tuple[int, str]) -> None:
    """A call that is not signed, or not dated now, is refused before anything is looked up."""
    assert refusal(own(f"{cloud.endpoints['fc']}/2023-03-30/functions", cloud.key(), "FC", **spoilt)) == wanted


@pytest.mark.parametrize(
    ("spoilt", "wanted"),
    [
        ({"authorization": None}, (400, "MissingAuthorizationHeader")),
        ({"date": None}, (400, "MissingDateHeader")),
        ({"date": "yesterday"}, (400, "InvalidDateHeader")),
        ({"date": LONG_AGO}, (408, "TimeExpired")),
        ({"content_md5": "AAAA"}, (400, "InvalidDegist")),
        ({"body": b"<Queue>"}, (400, "MalformedXML")),
        ({"body": b"<Message/>"}, (400, "InvalidArgument")),
    ],
    ids=["nobody", "no date", "no such date", "long ago", "digest", "no XML", "other XML"],
)
def test_mns_wants_what_its_page_says(cloud: LocalCloud, spoilt: Any, wanted: tuple[int, str]) -> None:
    """Each part of a request to a queue is looked at."""
    assert told(own(f"{cloud.endpoints['mns']}/queues/jobs", cloud.key(), "MNS", **spoilt)) == wanted


def test_mns_wants_the_session_s_own_token(cloud: LocalCloud) -> None:
    """A key of a session with another token is nobody's."""
    spoilt = cloud.as_function()._replace(token="other")
    assert told(own(f"{cloud.endpoints['mns']}/queues/jobs", spoilt, "MNS")) == (403, "AccessDenied")


def told(request: Any) -> tuple[int, str]:
    """Status and code of MNS's refusal, which is XML."""
    response = send(request)
    found = re.search("<Code>(.*)</Code>", response.text)
    return response.status_code, found.group(1) if found else ""


def full(cloud: LocalCloud, *path: str, count: int) -> None:
    """Copy the last thing there until there are so many."""
    state = cloud.state()
    place: Any = state
    for name in path:
        place = place.setdefault(name, {})
    one = list(place.values())[-1]
    place.update({f"copy{number}": one for number in range(count - len(place))})
    cloud.load(state)


def test_an_account_has_a_thousand_queues(cloud: LocalCloud) -> None:
    """One more is refused."""
    client = cloud.client("mnsopen")
    full(cloud, "mns", "queues", MANAGEMENT, count=1000)
    request = mns.CreateQueueRequest(queue_name="more")
    assert refused(client.create_queue, request) == (403, "QueueNumExceededLimit")


def test_an_account_has_fifteen_hundred_policies(cloud: LocalCloud) -> None:
    """One more is refused."""
    full(cloud, "accounts", MANAGEMENT, "policies", count=1500)
    request = ram.CreatePolicyRequest(policy_name="more", policy_document=POLICY)
    assert refused(cloud.client("ram").create_policy, request) == (409, "LimitExceeded.Policy")


def test_a_directory_has_a_hundred_folders(cloud: LocalCloud) -> None:
    """One more is refused; the root is none of them."""
    full(cloud, "directory", "folders", count=101)
    request = rd.CreateFolderRequest(folder_name="more")
    assert refused(cloud.client("resourcedirectory").create_folder, request) == (409, "QuotaExceeded.Folder.Count")


def test_an_account_has_twenty_tags(cloud: LocalCloud) -> None:
    """More are refused, and none of them is set."""
    before = cloud.state()["directory"]["members"][MEMBER]["tags"]
    tags = [rd.TagResourcesRequestTag(key=f"k{number}", value="v") for number in range(21)]
    request = rd.TagResourcesRequest(resource_type="Account", resource_id=[MEMBER], tag=tags)
    assert refused(cloud.client("resourcedirectory").tag_resources, request) == (409, "QuotaExceeded.TagCount")
    assert cloud.state()["directory"]["members"][MEMBER]["tags"] == before


def test_a_role_has_twenty_system_policies(cloud: LocalCloud) -> None:
    """One more is refused."""
    state = cloud.state()
    attached = {f"System:P{number}": 0.0 for number in range(20)}
    state["accounts"][MANAGEMENT]["roles"]["cab-functions"]["attached"] = attached
    cloud.load(state)
    request = ram.AttachPolicyToRoleRequest(
        role_name="cab-functions", policy_type="System", policy_name="AdministratorAccess"
    )
    assert refused(cloud.client("ram").attach_policy_to_role, request) == (409, "LimitExceeded.Role.Policy")


@pytest.mark.parametrize(
    ("field", "length", "code"),
    [
        ("new_description", 1025, "InvalidParameter.NewDescription.Length"),
        ("new_assume_role_policy_document", 4097, "InvalidParameter.NewAssumeRolePolicyDocument.Length"),
    ],
)
def test_a_role_s_texts_have_an_end(cloud: LocalCloud, field: str, length: int, code: str) -> None:
    """A longer text is refused by its own code."""
    request = ram.UpdateRoleRequest(role_name="cab-functions", **{field: "x" * length})
    assert refused(cloud.client("ram").update_role, request) == (400, code)


def test_an_invitation_s_note_has_an_end(cloud: LocalCloud) -> None:
    """A longer one is refused by its own code."""
    request = rd.InviteAccountToResourceDirectoryRequest(
        target_entity="1000000000000099", target_type="Account", note="x" * 1025
    )
    client = cloud.client("resourcedirectory")
    refusal = refused(client.invite_account_to_resource_directory, request)
    assert refusal == (400, "InvalidParameter.Note.Length")


def codes(path: Path) -> Iterator[object]:
    """Every code that a file of the emulator can answer, as it stands there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in ("CloudError", "refuse"):
            yield from (one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant))
        if isinstance(node, ast.keyword) and node.arg in ("invalid", "length", "missing"):
            yield from (one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant) and one.value)


def test_every_refusal_has_a_test() -> None:
    """Each code that is written in the emulator is written in a test of the emulator, too."""
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/emulator").rglob("*.py"))
    found = {code for path in (ROOT / "emulator").rglob("*.py") for code in codes(path) if isinstance(code, str)}
    assert len(found) > 120
    whole = {code for code in found if re.fullmatch(r"\w+(\.\w+)*", code)}
    assert sorted(code for code in whole if not re.search(rf"(?<![\w.]){re.escape(code)}(?![\w.])", written)) == []
