"""Who signed a request is proved before anything else is looked at."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from alibabacloud_ram20150501 import models as ram
from alibabacloud_sts20150401 import models as sts
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from aliyunsdkram.request.v20150501 import CreatePolicyRequest, GetRoleRequest
from aliyunsdksts.request.v20150401 import AssumeRoleRequest, GetCallerIdentityRequest

from tests.cloud import Key
from tests.emulator.signing import DATE, acs3, refusal, send

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

MEMBER = "1000000000000012"
ROLE = f"acs:ram::{MEMBER}:role/ResourceDirectoryAccountAccessRole"
ODD = "a b+c*d~e/f?g=h&i%j 中文 'k' \"l\""
DOCUMENT = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":"*"}]}'


def request(cloud: LocalCloud, key: Key | None = None, **spoilt: str | None) -> httpx.Request:
    return acs3(cloud.endpoints["sts"], key or cloud.key(), "GetCallerIdentity", "2015-04-01", {}, **spoilt)


def older(cloud: LocalCloud, request: Any, service: str = "sts", key: Key | None = None) -> dict[str, Any]:
    """The answer to a request of the older generation of SDKs, which signs in the query."""
    key = key or cloud.key()
    if key.token:
        credential: Any = StsTokenCredential(*key)
    else:
        credential = AccessKeyCredential(key.access_key_id, key.access_key_secret)
    client = AcsClient(region_id="cn-hangzhou", credential=credential)
    endpoint = cloud.endpoints[service]
    request.set_endpoint(endpoint if isinstance(endpoint, str) else endpoint["cn-hangzhou"])
    request.set_protocol_type("http")
    answer: dict[str, Any] = json.loads(client.do_action_with_exception(request))
    return answer


def test_a_good_signature_is_accepted(cloud: LocalCloud) -> None:
    """What is signed as the vendor's page says is answered, whoever wrote the signing code."""
    answer = send(request(cloud))
    assert (answer.status_code, answer.json()["Arn"]) == (200, "acs:ram::1000000000000001:user/operator")


def test_odd_characters_are_signed_as_the_sdk_sends_them(cloud: LocalCloud) -> None:
    """Spaces, signs and other scripts in a parameter arrive unchanged and do not break the signature."""
    client = cloud.client("ram")
    client.create_policy(ram.CreatePolicyRequest(policy_name="odd", policy_document=DOCUMENT, description=ODD))
    found = client.get_policy(ram.GetPolicyRequest(policy_name="odd", policy_type="Custom")).body.policy
    assert found.description == ODD


def test_a_changed_query_is_refused(cloud: LocalCloud) -> None:
    """A parameter that was changed on the way breaks the signature, and nothing is done."""
    good = acs3(
        cloud.endpoints["ram"],
        cloud.key(),
        "CreatePolicy",
        "2015-05-01",
        {"PolicyName": "mine", "PolicyDocument": DOCUMENT},
    )
    forged = httpx.Request("POST", str(good.url).replace("mine", "evil"), headers=good.headers)
    assert refusal(forged) == (400, "SignatureDoesNotMatch")
    assert cloud.state()["accounts"]["1000000000000001"]["policies"].keys() == {"cab-functions"}


def test_a_changed_header_is_refused(cloud: LocalCloud) -> None:
    """A signed header that was changed on the way breaks the signature."""
    forged = request(cloud)
    forged.headers["x-acs-version"] = "2015-05-01"
    assert refusal(forged) == (400, "SignatureDoesNotMatch")


def test_a_body_that_is_not_the_signed_one_is_refused(cloud: LocalCloud) -> None:
    """The digest that is signed must be the body's."""
    good = request(cloud)
    forged = httpx.Request("POST", good.url, headers=good.headers, content=b"a=b")
    forged.headers["content-length"] = "3"
    assert refusal(forged) == (400, "SignatureDoesNotMatch")


def test_a_wrong_secret_is_refused(cloud: LocalCloud) -> None:
    """Another secret gives another signature."""
    assert refusal(request(cloud, cloud.key()._replace(access_key_secret="x"))) == (400, "SignatureDoesNotMatch")


def test_an_unknown_key_is_refused(cloud: LocalCloud) -> None:
    """A key that no account has is not found."""
    assert refusal(request(cloud, Key("LTAI5tNobody", "x"))) == (404, "InvalidAccessKeyId.NotFound")


def test_an_inactive_key_is_refused(cloud: LocalCloud) -> None:
    """A key that its owner has disabled is refused though its secret is right."""
    state = cloud.state()
    state["keys"][cloud.key().access_key_id]["active"] = False
    cloud.load(state)
    assert refusal(request(cloud)) == (400, "InvalidAccessKeyId.Inactive")


def test_a_request_without_a_signature_is_refused(cloud: LocalCloud) -> None:
    """Neither in a header nor in the query: there is nobody to answer."""
    host = cloud.endpoints["sts"]
    unsigned = httpx.Request("POST", f"http://{host}/", headers={"x-acs-action": "GetCallerIdentity"})
    assert refusal(unsigned) == (400, "MissingAccessKeyId")


@pytest.mark.parametrize("header", ["x_acs_date", "x_acs_signature_nonce", "x_acs_content_sha256"])
def test_a_signature_over_too_little_is_refused(cloud: LocalCloud, header: str) -> None:
    """Date, nonce and digest of the body must be sent and signed."""
    name = header.replace("_", "-")
    unsigned = request(cloud, **{header: None})
    assert refusal(unsigned) == (400, "IncompleteSignature")
    unsigned.headers[name] = request(cloud).headers[name]
    assert refusal(unsigned) == (400, "IncompleteSignature")


@pytest.mark.parametrize("header", ["x-acs-action", "x-acs-version", "x-acs-security-token", "content-type"])
def test_what_is_sent_beside_the_signature_is_refused(cloud: LocalCloud, header: str) -> None:
    """A header of the gateway's, or a content type, that was added after signing could be anybody's."""
    session = cloud.assume(ROLE)
    spoilt = request(cloud, session, **{header.replace("-", "_"): None})
    spoilt.headers[header] = request(cloud, session).headers.get(header, "text/plain")
    assert refusal(spoilt) == (400, "IncompleteSignature")


def test_an_authorization_of_another_form_is_refused(cloud: LocalCloud) -> None:
    """A scheme that the gateway does not know is an incomplete signature."""
    spoilt = request(cloud)
    spoilt.headers["authorization"] = "Basic dXNlcjpwYXNz"
    assert refusal(spoilt) == (400, "IncompleteSignature")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_date_too_far_away_is_refused(cloud: LocalCloud, minutes: int) -> None:
    """A date more than a quarter of an hour from now, past or future, is expired."""
    date = time.strftime(DATE, time.gmtime(time.time() + 60 * minutes))
    assert refusal(request(cloud, x_acs_date=date)) == (400, "InvalidTimeStamp.Expired")


def test_a_date_a_little_away_is_accepted(cloud: LocalCloud) -> None:
    """Fourteen minutes are within the window, and moving the emulator's clock does not move it."""
    cloud.advance(86400)
    date = time.strftime(DATE, time.gmtime(time.time() - 14 * 60))
    assert send(request(cloud, x_acs_date=date)).status_code == 200


def test_a_date_of_another_form_is_refused(cloud: LocalCloud) -> None:
    """Only ISO 8601 in UTC is a date."""
    assert refusal(request(cloud, x_acs_date="Sun, 22 Nov 2026 02:03:04 GMT")) == (400, "InvalidTimeStamp.Format")


def test_a_nonce_is_accepted_once(cloud: LocalCloud) -> None:
    """The same signed request sent twice is refused the second time."""
    twice = request(cloud)
    assert send(twice).status_code == 200
    assert refusal(twice) == (400, "SignatureNonceUsed")


def test_a_session_needs_its_token(cloud: LocalCloud) -> None:
    """Credentials of a role work with their own token only."""
    session, other = cloud.assume(ROLE), cloud.assume(ROLE)
    assert send(request(cloud, session)).status_code == 200
    assert refusal(request(cloud, session._replace(token=""))) == (400, "MissingSecurityToken")
    assert refusal(request(cloud, session._replace(token="x"))) == (400, "InvalidSecurityToken.Malformed")
    mismatch = (400, "InvalidSecurityToken.MismatchWithAccessKey")
    assert refusal(request(cloud, session._replace(token=other.token))) == mismatch
    assert refusal(request(cloud, cloud.key()._replace(token=other.token))) == mismatch


def test_a_session_ends(cloud: LocalCloud) -> None:
    """After its duration, by the emulator's clock, a session is refused."""
    session = cloud.assume(ROLE, duration_seconds=900)
    cloud.advance(890)
    assert send(request(cloud, session)).status_code == 200
    cloud.advance(20)
    assert refusal(request(cloud, session)) == (400, "InvalidSecurityToken.Expired")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_older_signature_is_accepted(cloud: LocalCloud, method: str) -> None:
    """aliyun-python-sdk-core signs in the query with HMAC-SHA1; RAM, STS and Cloud Backup accept it."""
    identity = GetCallerIdentityRequest.GetCallerIdentityRequest()
    role = GetRoleRequest.GetRoleRequest()
    role.set_RoleName("cab-functions")
    regions = CommonRequest(version="2017-09-08", action_name="DescribeRegions")
    for made in (identity, role, regions):
        made.set_method(method)
    assert older(cloud, identity)["IdentityType"] == "RAMUser"
    assert older(cloud, role, "ram")["Role"]["RoleName"] == "cab-functions"
    assert older(cloud, regions, "hbr")["Success"] is True


def test_the_older_signature_covers_a_form(cloud: LocalCloud) -> None:
    """Parameters of the older style may come in a form, odd characters included, and are signed with the rest."""
    create = CreatePolicyRequest.CreatePolicyRequest()
    create.set_method("POST")
    create.add_body_params("PolicyName", "odd")
    create.add_body_params("PolicyDocument", DOCUMENT)
    create.add_body_params("Description", ODD)
    older(cloud, create, "ram")
    assert cloud.state()["accounts"]["1000000000000001"]["policies"]["odd"]["description"] == ODD


def test_the_older_signature_works_with_a_session(cloud: LocalCloud) -> None:
    """A role that was assumed with the older SDK can be used with it."""
    assume = AssumeRoleRequest.AssumeRoleRequest()
    assume.set_RoleArn(ROLE)
    assume.set_RoleSessionName("older")
    given = older(cloud, assume)["Credentials"]
    session = Key(given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
    answer = older(cloud, GetCallerIdentityRequest.GetCallerIdentityRequest(), key=session)
    assert (answer["AccountId"], answer["Arn"]) == (MEMBER, f"{ROLE}/older")


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ({"SignatureNonce": ""}, "MissingSignatureNonce"),
        ({"Timestamp": ""}, "MissingTimestamp"),
        ({"Timestamp": "2020-01-01T00:00:00Z"}, "InvalidTimeStamp.Expired"),
        ({"SignatureMethod": "HMAC-MD5"}, "InvalidSignatureMethod"),
        ({"Signature": "AAAA"}, "SignatureDoesNotMatch"),
        ({"Signature": "ünreadable"}, "SignatureDoesNotMatch"),
        ({"AccessKeyId": "LTAI5tNobody"}, "InvalidAccessKeyId.NotFound"),
    ],
)
def test_a_spoilt_older_signature_is_refused(cloud: LocalCloud, spoilt: dict[str, str], code: str) -> None:
    """Every part of the older signature is needed and checked."""
    query = {
        "Action": "GetCallerIdentity",
        "Version": "2015-04-01",
        "Format": "JSON",
        "AccessKeyId": cloud.key().access_key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": time.strftime(DATE, time.gmtime()),
        "Signature": "bm90IHRoZSBzaWduYXR1cmU=",
        **spoilt,
    }
    made = httpx.Request("GET", f"http://{cloud.endpoints['sts']}/", params=query)
    assert refusal(made)[1] == code


def test_the_older_sdk_names_the_refusal(cloud: LocalCloud) -> None:
    """The older SDK reads code and status of a refusal as it reads the cloud's."""
    with pytest.raises(ServerException) as caught:
        older(cloud, GetCallerIdentityRequest.GetCallerIdentityRequest(), key=Key("LTAI5tNobody", "x"))
    assert (caught.value.get_error_code(), caught.value.get_http_status()) == ("InvalidAccessKeyId.NotFound", 404)


def test_the_sdk_names_the_refusal(cloud: LocalCloud) -> None:
    """Today's SDK reads code, status and request id of a refusal as it reads the cloud's."""
    client = cloud.client("sts", key=Key("LTAI5tNobody", "x"))
    with pytest.raises(Exception, match="not found") as caught:
        client.assume_role(sts.AssumeRoleRequest(role_arn=ROLE, role_session_name="who"))
    error: Any = caught.value
    assert (error.code, error.status_code) == ("InvalidAccessKeyId.NotFound", 404)
    assert error.request_id == cloud.journal()[-1]["request_id"]
