from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_tea_openapi.exceptions import ClientException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from tests.emulator.hbr.conftest import MEMBER, OTHER, ROLE, register

if TYPE_CHECKING:
    from tests.cloud import LocalCloud


def registrations(backup: Any, **more: Any) -> Any:
    return backup.describe_cross_accounts(hbr.DescribeCrossAccountsRequest(**more)).body


def deregister(backup: Any, member: int = MEMBER, **more: Any) -> Any:
    request = hbr.DeleteCrossAccountRequest(cross_account_user_id=member, cross_account_role_name=ROLE, **more)
    return backup.delete_cross_account(request).body


def accounts(backup: Any) -> list[int]:
    return [record.cross_account_user_id for record in registrations(backup).cross_accounts.cross_account]


def test_a_registered_account_is_listed_with_all_its_fields(cloud: LocalCloud, backup: Any) -> None:
    """What AddCrossAccount was told comes back, with an id, an owner and times in seconds."""
    answer = register(backup)
    (record,) = registrations(backup).cross_accounts.cross_account
    assert (answer.success, answer.code, answer.message) == (True, "200", "successful")
    assert (record.cross_account_user_id, record.cross_account_role_name) == (MEMBER, ROLE)
    assert (record.cross_account_type, record.alias) == ("CROSS_ACCOUNT", "prod-app")
    assert record.owner_id == int(cloud.accounts["backup"])
    assert record.id > 0
    assert abs(record.created_time - cloud.advance(0)) < 60
    assert record.updated_time == record.created_time


def test_neither_account_nor_role_is_looked_at(backup: Any) -> None:
    """An account that does not exist and a role name that none could have can be registered."""
    register(backup, 1, cross_account_role_name="rôle")
    assert accounts(backup) == [1]


def test_pages_hold_at_most_99(backup: Any) -> None:
    """Ten records are shown by default, 99 at most, and every record on exactly one page."""
    for number in range(1, 13):
        register(backup, number)
    first, second = registrations(backup), registrations(backup, page_number=2)
    shown = [*first.cross_accounts.cross_account, *second.cross_accounts.cross_account]
    assert [record.cross_account_user_id for record in shown] == list(range(1, 13))
    assert (first.page_size, first.page_number, first.total_count) == (10, 1, 12)
    with pytest.raises(ClientException) as refusal:
        registrations(backup, page_size=100)
    assert (refusal.value.code, refusal.value.status_code) == ("BadRequest", 400)


def test_an_alias_has_at_most_32_characters(backup: Any) -> None:
    """A longer alias is refused and nothing is registered."""
    register(backup, alias="x" * 32)
    with pytest.raises(ClientException):
        register(backup, OTHER, alias="x" * 33)
    assert accounts(backup) == [MEMBER]


def test_a_second_registration_is_refused_with_200(backup: Any) -> None:
    """By default the same account and role are refused in an answer with HTTP 200, which the SDK takes for success."""
    register(backup)
    answer = register(backup)
    assert (answer.success, answer.code) == (False, "CrossAccountExist")
    assert accounts(backup) == [MEMBER]


def test_a_second_registration_may_double(cloud: LocalCloud, backup: Any) -> None:
    """Under the guess ``double`` there are two records, and one DeleteCrossAccount takes both."""
    cloud.guess(second_add_cross_account="double")
    register(backup)
    assert register(backup).success
    assert accounts(backup) == [MEMBER, MEMBER]
    deregister(backup)
    assert accounts(backup) == []


def test_a_second_registration_may_update(cloud: LocalCloud, backup: Any) -> None:
    """Under the guess ``update`` the one record has the second alias."""
    cloud.guess(second_add_cross_account="update")
    register(backup)
    register(backup, alias="renamed")
    (record,) = registrations(backup).cross_accounts.cross_account
    assert record.alias == "renamed"


def test_the_code_of_a_second_registration_can_be_set(cloud: LocalCloud, backup: Any) -> None:
    """The real code is in no document, so that a test can try any."""
    cloud.guess(duplicate_code="Other.Code")
    register(backup)
    assert register(backup).code == "Other.Code"


def test_registrations_belong_to_a_region(cloud: LocalCloud, backup: Any) -> None:
    """What is registered in one region is unknown in another, until the guess makes registrations global."""
    register(backup)
    elsewhere = cloud.client("hbr", account="backup", region="cn-shanghai")
    assert accounts(elsewhere) == []
    cloud.reset(registrations="global")
    register(backup)
    assert accounts(elsewhere) == [MEMBER]


def test_registrations_belong_to_an_account(cloud: LocalCloud, backup: Any) -> None:
    """Another account sees none of them."""
    register(backup)
    assert accounts(cloud.client("hbr")) == []


def test_deleting_what_is_not_there(cloud: LocalCloud, backup: Any) -> None:
    """An unknown registration is refused, or, under the other guess, deleted with success."""
    register(backup)
    assert deregister(backup).success
    with pytest.raises(ClientException) as refusal:
        deregister(backup)
    assert (refusal.value.code, refusal.value.status_code) == ("ResourceNotFound", 404)
    cloud.guess(delete_unknown_code="SomethingElse")
    with pytest.raises(ClientException, match="SomethingElse"):
        deregister(backup)
    cloud.guess(delete_unknown_cross_account="succeed")
    assert deregister(backup).success


def test_a_refusal_may_come_with_200(cloud: LocalCloud, backup: Any) -> None:
    """Under the guess ``hbr_refusals: ok`` a refusal of the product's own is an answer with 200; a gateway's is not."""
    cloud.guess(hbr_refusals="ok")
    answer = deregister(backup)
    assert (answer.success, answer.code) == (False, "ResourceNotFound")
    with pytest.raises(ClientException) as refusal:
        registrations(backup, page_size=100)
    assert refusal.value.status_code == 400


def by_directory(backup: Any, member: int = MEMBER) -> Any:
    return register(backup, member, cross_account_type="CROSS_ACCOUNT_BY_RD", cross_account_role_name=None, alias=None)


def test_a_delegated_administrator_registers_by_directory(cloud: LocalCloud, backup: Any) -> None:
    """Through the Resource Directory no role is named, and the record stands beside one of the other type."""
    register(backup)
    assert by_directory(backup).success
    kinds = [record.cross_account_type for record in registrations(backup).cross_accounts.cross_account]
    assert kinds == ["CROSS_ACCOUNT", "CROSS_ACCOUNT_BY_RD"]
    assert deregister(backup, cross_account_type="CROSS_ACCOUNT_BY_RD").success
    cloud.guess(both_types_coexist=False)
    assert by_directory(backup).code == "CrossAccountExist"


def test_registering_by_directory_needs_the_trusted_service(cloud: LocalCloud, backup: Any) -> None:
    """Without the trusted service, for a stranger, or by an account without the office, it is refused."""
    with pytest.raises(ClientException) as refusal:
        by_directory(backup, 1234567890123456)
    assert (refusal.value.code, refusal.value.status_code) == ("BackupAccountNotInSpecifiedRd", 403)
    state = cloud.state()
    state["directory"]["delegated"] = {}
    cloud.load(state)
    with pytest.raises(ClientException) as refusal:
        by_directory(backup)
    assert (refusal.value.code, refusal.value.status_code) == ("NoPermission", 403)
    state["directory"]["trusted_services"] = []
    cloud.load(state)
    with pytest.raises(ClientException) as refusal:
        by_directory(backup)
    assert (refusal.value.code, refusal.value.status_code) == ("AccountNotEnableRdTrustedService", 400)


def test_ram_is_asked_for_the_list_only(cloud: LocalCloud) -> None:
    """A role without any rights may register, as the API page says, and may not list."""
    nobody = cloud.client("hbr", key=cloud.assume(plain_role(cloud), account="backup"))
    register(nobody)
    with pytest.raises(ClientException) as refusal:
        registrations(nobody)
    assert (refusal.value.code, refusal.value.status_code) == ("NoPermission", 403)


def plain_role(cloud: LocalCloud) -> str:
    from alibabacloud_ram20150501 import models as ram  # noqa: PLC0415  # only this needs it

    account = cloud.accounts["backup"]
    trust = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Principal":{{"RAM":["acs:ram::{account}:root"]}}}}]}}'
    )
    request = ram.CreateRoleRequest(role_name="plain", assume_role_policy_document=trust)
    return str(cloud.client("ram", account="backup").create_role(request).body.role.arn)


def test_the_product_is_activated_once(backup: Any) -> None:
    """OpenHbrService gives an order, then says that it is open; vaults need it."""
    vault = hbr.CreateVaultRequest(vault_name="v", vault_region_id="cn-hangzhou")
    with pytest.raises(ClientException) as refusal:
        backup.create_vault(vault)
    assert (refusal.value.code, refusal.value.status_code) == ("ServiceNotActivated", 403)
    assert backup.open_hbr_service().body.order_id
    with pytest.raises(ClientException) as refusal:
        backup.open_hbr_service()
    assert refusal.value.code == "ORDER.OPEND"
    assert backup.create_vault(vault).body.success


def test_regions_are_the_endpoints(cloud: LocalCloud, backup: Any) -> None:
    """DescribeRegions names exactly the regions that have an endpoint."""
    named = {region.region_id for region in backup.describe_regions().body.regions.region}
    assert named == set(cloud.endpoints["hbr"])


def test_the_older_sdk_is_understood(cloud: LocalCloud, backup: Any) -> None:
    """The generation of SDKs that signs in the query registers and lists as well."""
    key = cloud.key("backup")
    client = AcsClient(key.access_key_id, key.access_key_secret, "cn-hangzhou")

    def ask(action: str, **params: Any) -> Any:
        request = CommonRequest(domain=cloud.endpoints["hbr"]["cn-hangzhou"], version="2017-09-08", action_name=action)
        request.set_method("POST")
        request.set_protocol_type("http")
        for name, value in params.items():
            request.add_query_param(name, value)
        return json.loads(client.do_action_with_exception(request))

    assert ask("AddCrossAccount", CrossAccountUserId=MEMBER, CrossAccountRoleName=ROLE, Alias="a b+c")["Success"]
    (record,) = ask("DescribeCrossAccounts", PageSize=99)["CrossAccounts"]["CrossAccount"]
    assert (record["CrossAccountUserId"], record["Alias"]) == (MEMBER, "a b+c")
    assert accounts(backup) == [MEMBER]
