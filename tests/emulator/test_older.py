"""The older generation of SDKs (``aliyun-python-sdk-core``, signature in the query) gets the same answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from emulator.server import SERVICES
from tests.emulator.sdk_models import differences

if TYPE_CHECKING:
    from tests.cloud import LocalCloud
    from tests.emulator.sdk_models import Moment

VERSIONS = {service.name: service.version for service in SERVICES if service.name in ("ram", "sts", "hbr")}
ACTIONS = [(service.name, action) for service in SERVICES if service.name in VERSIONS for action in service.actions]


@pytest.mark.parametrize("called", ACTIONS, ids="-".join)
def test_every_action_answers_the_older_sdk_too(
    running_cloud: LocalCloud, toured: dict[str, Any], called: tuple[str, str]
) -> None:
    """The same call at the same moment, signed and sent the older way, has an answer of the same form."""
    service, action = called
    moment: Moment = toured[service].moments[action][0]
    running_cloud.load(moment.again())
    endpoint = running_cloud.endpoints[service]
    request = CommonRequest(endpoint if isinstance(endpoint, str) else endpoint["cn-hangzhou"])
    request.set_version(VERSIONS[service])
    request.set_action_name(action)
    request.set_protocol_type("http")
    for name, value in moment.sent.items():
        request.add_query_param(name, value)
    kind = StsTokenCredential if moment.key.token else AccessKeyCredential
    parts = moment.key if moment.key.token else moment.key[:2]
    client = AcsClient(region_id="cn-hangzhou", credential=kind(*parts))
    answer = json.loads(client.do_action_with_exception(request))
    newer = toured[service].answers[action][0]
    assert differences(service, action, answer) == differences(service, action, newer)
    assert answer.keys() == newer.keys()
