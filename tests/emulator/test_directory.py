"""The Resource Directory: accounts come, are found, moved and named, and leave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from alibabacloud_resourcemanager20200331 import models as rm

from tests.cloud import Key
from tests.emulator.refusals import refused
from tests.emulator.signing import acs3, refusal

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

MANAGEMENT = "1000000000000001"
BACKUP = "1000000000000002"
PROD = "1000000000000011"
TEST = "1000000000000012"
OUTSIDE = "1000000000000099"
NO_ACCOUNT = (404, "EntityNotExists.Account")
NO_FOLDER = (404, "EntityNotExists.Folder")
NO_DIRECTORY = (404, "EntityNotExists.ResourceDirectory")


@pytest.fixture
def directory(cloud: LocalCloud) -> Any:
    """The directory as the management account sees it."""
    return cloud.client("resourcedirectory")


def create(directory: Any, name: str = "new", **more: Any) -> str:
    request = rd.CreateResourceAccountRequest(display_name=name, **more)
    return str(directory.create_resource_account(request).body.account.account_id)


def account(directory: Any, account_id: str) -> Any:
    return directory.get_account(rd.GetAccountRequest(account_id=account_id, include_tags=True)).body.account


def outside(cloud: LocalCloud) -> Any:
    """The directory as an account outside of it sees it."""
    keys = cloud.state()["keys"].items()
    (key,) = (Key(key, entry["secret"]) for key, entry in keys if entry["principal"]["account_id"] == OUTSIDE)
    return cloud.client("resourcedirectory", key=key)


def invite(directory: Any, target: str = OUTSIDE, **more: Any) -> str:
    request = rd.InviteAccountToResourceDirectoryRequest(target_entity=target, target_type="Account", **more)
    return str(directory.invite_account_to_resource_directory(request).body.handshake.handshake_id)


def join(cloud: LocalCloud, directory: Any, **more: Any) -> None:
    handshake = invite(directory, **more)
    outside(cloud).accept_handshake(rd.AcceptHandshakeRequest(handshake_id=handshake))


def deletion(directory: Any, account_id: str) -> Any:
    request = rd.GetAccountDeletionStatusRequest(account_id=account_id)
    return directory.get_account_deletion_status(request).body.rd_account_deletion_status


def test_a_created_account_can_be_entered(cloud: LocalCloud, directory: Any) -> None:
    """CreateResourceAccount answers an account with an access role that trusts the management account."""
    tag = rd.CreateResourceAccountRequestTag(key="stage", value="prod")
    made = create(directory, parent_folder_id="fd-prod000001", account_name_prefix="new", tag=[tag])
    assert made == "1000000000001001"
    found = account(directory, made)
    told = (found.status, found.type, found.join_method, found.folder_id, found.account_name)
    assert told == ("CreateSuccess", "ResourceAccount", "created", "fd-prod000001", "new@rd-Landing.aliyunid.com")
    assert found.resource_directory_path == f"rd-Landing/r-Landing/fd-prod000001/{made}"
    assert [(tag.key, tag.value) for tag in found.tags] == [("stage", "prod")]
    assert cloud.client("sts", key=cloud.into(made)).get_caller_identity().body.account_id == made


def test_a_dry_run_makes_nothing(cloud: LocalCloud, directory: Any) -> None:
    """CreateResourceAccount with DryRun checks and answers no account."""
    before = cloud.state()["accounts"].keys()
    request = rd.CreateResourceAccountRequest(display_name="new", dry_run=True)
    assert directory.create_resource_account(request).body.account is None
    assert cloud.state()["accounts"].keys() == before
    taken = rd.CreateResourceAccountRequest(display_name="prod-app", dry_run=True)
    assert refused(directory.create_resource_account, taken)[0] == 409


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"display_name": None}, 400, "MissingParameter.Account.DisplayName"),
        ({"display_name": "a"}, 400, "InvalidParameter.Account.DisplayName.Length"),
        ({"display_name": "a" * 51}, 400, "InvalidParameter.Account.DisplayName.Length"),
        ({"display_name": "a/b"}, 400, "InvalidParameter.Account.DisplayName"),
        ({"display_name": "prod-app"}, 409, "InvalidParameter.Account.DisplayName.AlreadyUsed"),
        ({"parent_folder_id": "folder"}, 400, "InvalidParameter.ParentFolderId"),
        ({"parent_folder_id": "fd-absent"}, 404, "EntityNotExists.Folder"),
        ({"account_name_prefix": "-x"}, 400, "InvalidParameter.Account.AccountNamePrefix"),
        ({"account_name_prefix": "a" * 38}, 400, "InvalidParameter.Account.AccountNamePrefix.Length"),
    ],
)
def test_a_bad_account_is_refused(
    cloud: LocalCloud, directory: Any, fields: dict[str, Any], status: int, code: str
) -> None:
    """Names, folders and prefixes are checked, and nothing is made."""
    before = cloud.state()["accounts"].keys()
    request = rd.CreateResourceAccountRequest(**{"display_name": "new", **fields})
    assert refused(directory.create_resource_account, request) == (status, code)
    assert cloud.state()["accounts"].keys() == before


def test_only_the_directory_s_owner_sees_it(cloud: LocalCloud) -> None:
    """A member sees no directory unless it administers a trusted service, and then it only reads."""
    request = rd.GetAccountRequest(account_id=PROD)
    member = cloud.client("resourcedirectory", key=cloud.into(PROD))
    assert refused(member.get_account, request) == NO_DIRECTORY
    delegated = cloud.client("resourcedirectory", account="backup")
    assert account(delegated, PROD).display_name == "prod-app"
    make = rd.CreateResourceAccountRequest(display_name="new")
    assert refused(delegated.create_resource_account, make) == NO_DIRECTORY


def test_the_directory_describes_itself(cloud: LocalCloud, directory: Any) -> None:
    """Its members may ask for it, others may not."""
    found = cloud.client("resourcedirectory", key=cloud.into(PROD)).get_resource_directory().body.resource_directory
    assert (found.resource_directory_id, found.root_folder_id) == ("rd-Landing", "r-Landing")
    assert (
        found.master_account_id
        == MANAGEMENT
        == directory.get_resource_directory().body.resource_directory.master_account_id
    )
    assert refused(outside(cloud).get_resource_directory) == (404, "ResourceDirectoryNotInUse")


def test_the_management_account_is_no_member(directory: Any) -> None:
    """Neither GetAccount nor ListAccounts knows the management account as a member."""
    assert refused(directory.get_account, rd.GetAccountRequest(account_id=MANAGEMENT)) == NO_ACCOUNT
    listed = directory.list_accounts(rd.ListAccountsRequest(page_size=100)).body.accounts.account
    assert MANAGEMENT not in {each.account_id for each in listed}


@pytest.mark.parametrize(
    ("account_id", "status", "code"),
    [
        (None, 400, "MissingParameter.AccountId"),
        ("x", 400, "InvalidParameter.AccountId"),
        ("9999999999999999", 404, "EntityNotExists.Account"),
    ],
)
def test_a_bad_account_id_is_refused(directory: Any, account_id: str | None, status: int, code: str) -> None:
    """An account id must be sent, be a number, and belong to the directory."""
    assert refused(directory.get_account, rd.GetAccountRequest(account_id=account_id)) == (status, code)


def test_lists_are_paged_by_number(directory: Any) -> None:
    """ListAccounts gives ten accounts unless told otherwise, and says how many there are."""
    for number in range(12):
        create(directory, f"new-{number}")
    pages = [directory.list_accounts(rd.ListAccountsRequest(page_number=n)).body for n in (1, 2, 3)]
    assert [len(page.accounts.account) for page in pages] == [10, 6, 0]
    assert {page.total_count for page in pages} == {16}
    found = [each.account_id for page in pages for each in page.accounts.account]
    assert len(set(found)) == 16


def test_lists_are_paged_by_token(directory: Any) -> None:
    """With MaxResults, ListAccounts goes on where the token says, until there is none."""
    found: list[str] = []
    token = None
    while True:
        body = directory.list_accounts(rd.ListAccountsRequest(max_results=3, next_token=token)).body
        found += [each.account_id for each in body.accounts.account]
        token = body.next_token
        if not token:
            break
    assert found == [BACKUP, PROD, TEST, "1000000000000013"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"page_size": 101}, "PageSize"),
        ({"page_size": 0}, "PageSize"),
        ({"page_number": 0}, "PageNumber"),
        ({"max_results": 101}, "MaxResults"),
        ({"max_results": 1, "next_token": "x"}, "NextToken"),
    ],
)
def test_a_page_has_limits(directory: Any, fields: dict[str, Any], name: str) -> None:
    """A page has 1 to 100 accounts, and a token is one that was given out."""
    assert refused(directory.list_accounts, rd.ListAccountsRequest(**fields)) == (400, f"InvalidParameter.{name}")


def test_accounts_are_found_by_tag_and_keyword(directory: Any) -> None:
    """ListAccounts narrows by all tags given and by a part of the name; tags come only when asked for."""
    tag = rd.ListAccountsRequestTag(key="stage", value="prod")
    (found,) = directory.list_accounts(rd.ListAccountsRequest(tag=[tag], include_tags=True)).body.accounts.account
    assert (found.account_id, found.tags.tag[0].key) == (PROD, "stage")
    (found,) = directory.list_accounts(rd.ListAccountsRequest(query_keyword="test")).body.accounts.account
    assert (found.account_id, found.tags) == (TEST, None)


def test_a_move_changes_the_folder(directory: Any) -> None:
    """MoveAccount puts an account elsewhere, and ListAccountsForParent finds it there alone."""
    move = rd.MoveAccountRequest(account_id=TEST, destination_folder_id="fd-prod000001")
    directory.move_account(move)
    listed = directory.list_accounts_for_parent(rd.ListAccountsForParentRequest(parent_folder_id="fd-prod000001")).body
    assert [each.account_id for each in listed.accounts.account] == [PROD, TEST]
    old = rd.ListAccountsForParentRequest(parent_folder_id="fd-test000001")
    assert directory.list_accounts_for_parent(old).body.total_count == 0
    absent = rd.MoveAccountRequest(account_id=TEST, destination_folder_id="fd-absent")
    assert refused(directory.move_account, absent) == NO_FOLDER


def test_an_account_is_renamed_or_changes_type(directory: Any) -> None:
    """UpdateAccount takes a name or a type, not both and not neither."""
    update = directory.update_account
    update(rd.UpdateAccountRequest(account_id=TEST, new_display_name="tests"))
    update(rd.UpdateAccountRequest(account_id=TEST, new_account_type="CloudAccount"))
    found = account(directory, TEST)
    assert (found.display_name, found.type) == ("tests", "CloudAccount")
    neither = rd.UpdateAccountRequest(account_id=TEST)
    assert refused(update, neither) == (409, "MissingDisplayNameOrAccountType")
    again = rd.UpdateAccountRequest(account_id=TEST, new_account_type="CloudAccount")
    assert refused(update, again) == (409, "AccountTypeMismatch")
    taken = rd.UpdateAccountRequest(account_id=TEST, new_display_name="prod-app")
    assert refused(update, taken) == (409, "InvalidParameter.Account.DisplayName.AlreadyUsed")


def test_folders_make_a_tree(directory: Any) -> None:
    """CreateFolder, GetFolder, ListFoldersForParent and ListAncestors agree about the tree."""
    make = rd.CreateFolderRequest(folder_name="unit", parent_folder_id="fd-prod000001")
    unit = directory.create_folder(make).body.folder.folder_id
    found = directory.get_folder(rd.GetFolderRequest(folder_id=unit)).body.folder
    assert (found.parent_folder_id, found.folder_name) == ("fd-prod000001", "unit")
    assert found.resource_directory_path == f"rd-Landing/r-Landing/fd-prod000001/{unit}"
    above = directory.list_ancestors(rd.ListAncestorsRequest(child_id=unit)).body.folders.folder
    assert [folder.folder_id for folder in above] == ["r-Landing", "fd-prod000001"]
    below = directory.list_folders_for_parent(rd.ListFoldersForParentRequest()).body.folders.folder
    assert [folder.folder_name for folder in below] == ["prod", "test", "sandbox"]
    below = directory.list_folders_for_parent(rd.ListFoldersForParentRequest(parent_folder_id="fd-prod000001")).body
    assert [folder.folder_id for folder in below.folders.folder] == [unit]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"folder_name": None}, 400, "MissingParameter.Folder.Name"),
        ({"folder_name": "a b"}, 400, "InvalidParameter.Folder.Name"),
        ({"folder_name": "a" * 25}, 400, "InvalidParameter.Folder.Name.Length"),
        ({"folder_name": "prod"}, 400, "InvalidParameter.Folder.Name.AlreadyUsed"),
        ({"parent_folder_id": "fd-absent"}, 404, "EntityNotExists.Folder"),
    ],
)
def test_a_bad_folder_is_refused(directory: Any, fields: dict[str, Any], status: int, code: str) -> None:
    """Names are checked and unique under one parent."""
    request = rd.CreateFolderRequest(**{"folder_name": "unit", **fields})
    assert refused(directory.create_folder, request) == (status, code)


def test_folders_are_five_deep(directory: Any) -> None:
    """There are five levels below the root."""
    parent = "r-Landing"
    for level in range(5):
        request = rd.CreateFolderRequest(folder_name=f"level-{level}", parent_folder_id=parent)
        parent = directory.create_folder(request).body.folder.folder_id
    request = rd.CreateFolderRequest(folder_name="too-deep", parent_folder_id=parent)
    assert refused(directory.create_folder, request) == (409, "LimitExceeded.Folder.Depth")


def test_an_invited_account_joins_by_itself(cloud: LocalCloud, directory: Any) -> None:
    """Only the invited account can accept; it keeps its roles and has no access role."""
    tag = rd.InviteAccountToResourceDirectoryRequestTag(key="stage", value="prod")
    handshake = invite(directory, parent_folder_id="fd-prod000001", tag=[tag])
    accept = rd.AcceptHandshakeRequest(handshake_id=handshake)
    assert refused(directory.accept_handshake, accept) == (404, "EntityNotExists.Handshake")
    assert refused(account, directory, OUTSIDE) == NO_ACCOUNT
    assert outside(cloud).accept_handshake(accept).body.handshake.status == "Accepted"
    found = account(directory, OUTSIDE)
    told = (found.status, found.type, found.join_method, found.folder_id)
    assert told == ("InviteSuccess", "CloudAccount", "invited", "fd-prod000001")
    assert cloud.state()["accounts"][OUTSIDE]["roles"] == {}
    assert refused(cloud.into, OUTSIDE) == (404, "EntityNotExist.Role")


def test_an_invitation_is_made_once_and_ends(cloud: LocalCloud, directory: Any) -> None:
    """There is one open invitation per account, it is valid for 14 days, and members are not invited."""
    handshake = invite(directory)
    assert refused(invite, directory) == (409, "EntityAlreadyExists.Handshake")
    cloud.advance(15 * 86400)
    accept = rd.AcceptHandshakeRequest(handshake_id=handshake)
    assert refused(outside(cloud).accept_handshake, accept) == (409, "HandshakeStatusMismatch")
    join(cloud, directory)
    assert refused(invite, directory) == (409, "EntityAlreadyExists.ResourceDir.Account")
    assert refused(invite, directory, "9999999999999999") == (400, "InvalidParameter.TargetEntity")


def test_an_invited_account_can_be_removed(cloud: LocalCloud, directory: Any) -> None:
    """RemoveCloudAccount ends the membership at once; the account lives on."""
    join(cloud, directory)
    directory.remove_cloud_account(rd.RemoveCloudAccountRequest(account_id=OUTSIDE))
    assert refused(account, directory, OUTSIDE) == NO_ACCOUNT
    assert OUTSIDE in cloud.state()["accounts"]
    remove = rd.RemoveCloudAccountRequest(account_id=PROD)
    assert refused(directory.remove_cloud_account, remove) == (409, "AccountTypeOrStatusMismatch")


def test_a_trusted_service_holds_an_account(cloud: LocalCloud, directory: Any) -> None:
    """While Cloud Backup has registered an account through the directory, it cannot be removed."""
    join(cloud, directory)
    backup = cloud.client("hbr", account="backup")
    record = {"cross_account_user_id": int(OUTSIDE), "cross_account_type": "CROSS_ACCOUNT_BY_RD"}
    backup.add_cross_account(hbr.AddCrossAccountRequest(**record))
    remove = rd.RemoveCloudAccountRequest(account_id=OUTSIDE)
    assert refused(directory.remove_cloud_account, remove) == (409, "Deny.TrustedService")
    assert account(directory, OUTSIDE).account_id == OUTSIDE
    backup.delete_cross_account(hbr.DeleteCrossAccountRequest(**record, cross_account_role_name="none"))
    directory.remove_cloud_account(remove)


def test_a_zone_can_say_that_a_service_holds_an_account(cloud: LocalCloud, directory: Any) -> None:
    """A trusted service that is not emulated can hold an account as well."""
    join(cloud, directory)
    state = cloud.state()
    state["directory"]["members"][OUTSIDE]["used_by"] = ["config.aliyuncs.com"]
    cloud.load(state)
    remove = rd.RemoveCloudAccountRequest(account_id=OUTSIDE)
    assert refused(directory.remove_cloud_account, remove) == (409, "Deny.TrustedService")


def test_an_empty_account_is_deleted_directly(cloud: LocalCloud, directory: Any) -> None:
    """DeleteAccount starts a deletion that a status and the lists tell of, until the account is gone."""
    made = create(directory)
    key = cloud.into(made)
    delete = rd.DeleteAccountRequest(account_id=made)
    assert refused(deletion, directory, made) == (409, "EntityNotExists.CheckAccount")
    assert directory.delete_account(delete).body.deletion_type == "0"
    assert deletion(directory, made).status == "Checking"
    assert refused(directory.delete_account, delete) == (409, "ExistProcessingDeleteFlow.DeleteAccount")
    cloud.advance(61)
    assert deletion(directory, made).status == "Deleting"
    listed = directory.list_accounts(rd.ListAccountsRequest(query_keyword="new")).body.accounts.account
    assert [each.deletion_status for each in listed] == ["Deleting"]
    cloud.advance(60)
    assert deletion(directory, made).status == "Success"
    assert refused(account, directory, made) == NO_ACCOUNT
    assert refused(cloud.client("sts", key=key).get_caller_identity) == (404, "InvalidAccessKeyId.NotFound")
    assert refused(cloud.into, made) == (404, "EntityNotExist.Role")


def test_an_account_with_resources_is_silent_first(cloud: LocalCloud, directory: Any) -> None:
    """Where there are resources, the deletion takes 45 days, through a dump and a load as well."""
    assert directory.delete_account(rd.DeleteAccountRequest(account_id=PROD)).body.deletion_type == "1"
    cloud.advance(40 * 86400)
    assert deletion(directory, PROD).status == "Deleting"
    cloud.into(PROD)
    cloud.load(cloud.state())
    assert deletion(directory, PROD).status == "Deleting"
    cloud.advance(6 * 86400)
    assert deletion(directory, PROD).status == "Success"
    assert refused(account, directory, PROD) == NO_ACCOUNT


def test_a_deletion_may_be_refused(cloud: LocalCloud, directory: Any) -> None:
    """Cloud accounts, delegated administrators and, where that is switched off, all accounts cannot be deleted."""
    join(cloud, directory)
    delete = directory.delete_account
    assert refused(delete, rd.DeleteAccountRequest(account_id=OUTSIDE)) == (409, "MemberTypeError.DeleteAccount")
    held = (409, "RemoveConfilctAccountAsDelegatedAdministator")
    assert refused(delete, rd.DeleteAccountRequest(account_id=BACKUP)) == held
    state = cloud.state()
    state["directory"]["member_deletion_enabled"] = False
    cloud.load(state)
    assert refused(delete, rd.DeleteAccountRequest(account_id=TEST)) == (409, "NoLicense.ResourceDirectory")


def test_tags_are_kept(directory: Any) -> None:
    """TagResources adds and replaces, UntagResources removes, ListTagResources tells."""
    resource = {"resource_type": "Account", "resource_id": [TEST]}
    add = [rd.TagResourcesRequestTag(key=key, value="v") for key in ("stage", "team")]
    directory.tag_resources(rd.TagResourcesRequest(**resource, tag=add))
    rows = directory.list_tag_resources(rd.ListTagResourcesRequest(**resource)).body.tag_resources
    assert [(row.tag_key, row.tag_value) for row in rows] == [("stage", "v"), ("team", "v")]
    directory.untag_resources(rd.UntagResourcesRequest(**resource, tag_key=["stage"]))
    assert [tag.key for tag in account(directory, TEST).tags] == ["team"]
    everything = rd.ListTagResourcesRequest(resource_type="Account", tag=[rd.ListTagResourcesRequestTag(key="stage")])
    rows = directory.list_tag_resources(everything).body.tag_resources
    assert {row.resource_id for row in rows} == {PROD, "1000000000000013"}
    directory.untag_resources(rd.UntagResourcesRequest(**resource, all=True))
    assert account(directory, TEST).tags == []


def test_tags_are_limited(directory: Any) -> None:
    """A resource has 20 tags, and an unknown one has none."""
    many = [rd.TagResourcesRequestTag(key=f"k{n}", value="v") for n in range(21)]
    request = rd.TagResourcesRequest(resource_type="Account", resource_id=[TEST], tag=many)
    assert refused(directory.tag_resources, request)[0] == 409
    request = rd.TagResourcesRequest(resource_type="Account", resource_id=["1"], tag=many[:1])
    assert refused(directory.tag_resources, request) == NO_ACCOUNT


def test_an_administrator_is_registered_once(cloud: LocalCloud, directory: Any) -> None:
    """A member can administer a service; the management account cannot."""
    service = {"service_principal": "config.aliyuncs.com"}
    register = directory.register_delegated_administrator
    request = rd.RegisterDelegatedAdministratorRequest(account_id=TEST, **service)
    register(request)
    assert refused(register, request) == (409, "AccountAlreadyRegistered")
    management = rd.RegisterDelegatedAdministratorRequest(account_id=MANAGEMENT, **service)
    assert refused(register, management) == (409, "CannotRegisterMasterAsDelegatedAdministrator")
    listed = directory.list_delegated_administrators(rd.ListDelegatedAdministratorsRequest(**service)).body
    assert [each.account_id for each in listed.accounts.account] == [TEST]
    reader = cloud.client("resourcedirectory", key=cloud.into(TEST))
    assert account(reader, PROD).account_id == PROD
    deregister = rd.DeregisterDelegatedAdministratorRequest(account_id=TEST, **service)
    directory.deregister_delegated_administrator(deregister)
    assert refused(directory.deregister_delegated_administrator, deregister) == (409, "AccountNotRegistered")


def test_the_number_of_administrators_is_limited(directory: Any) -> None:
    """A service has a limited number of administrators."""
    service = {"service_principal": "config.aliyuncs.com"}
    for number in range(5):
        made = create(directory, f"new-{number}")
        directory.register_delegated_administrator(rd.RegisterDelegatedAdministratorRequest(account_id=made, **service))
    request = rd.RegisterDelegatedAdministratorRequest(account_id=TEST, **service)
    found = refused(directory.register_delegated_administrator, request)
    assert found == (409, "DelegatedAccountNumberExceeded")


def test_trusted_services_are_listed(directory: Any) -> None:
    """ListTrustedServiceStatus tells the services of the directory, or those of one administrator."""
    request = rd.ListTrustedServiceStatusRequest
    body = directory.list_trusted_service_status(request()).body
    services = [each.service_principal for each in body.enabled_service_principals.enabled_service_principal]
    assert services == ["hbr.aliyuncs.com"]
    assert directory.list_trusted_service_status(request(admin_account_id=PROD)).body.total_count == 0


def test_control_policies_are_kept(directory: Any) -> None:
    """A control policy is checked, listed beside the system's, attached once, and kept while attached."""
    document = json.dumps({"Version": "1", "Statement": [{"Effect": "Deny", "Action": "ram:*", "Resource": "*"}]})
    fields = {"policy_name": "no-ram", "effect_scope": "RAM"}
    create = rd.CreateControlPolicyRequest(**fields, policy_document=document)
    policy = directory.create_control_policy(create).body.control_policy.policy_id
    assert refused(directory.create_control_policy, create) == (409, "EntityAlreadyExists.ControlPolicy")
    bad = rd.CreateControlPolicyRequest(policy_name="bad", effect_scope="RAM", policy_document="{}")
    assert refused(directory.create_control_policy, bad) == (400, "MalformedPolicyDocument")
    long = rd.CreateControlPolicyRequest(policy_name="bad", effect_scope="RAM", policy_document=" " * 4097)
    assert refused(directory.create_control_policy, long) == (409, "InvalidParameter.PolicyDocument.Length")
    listed = directory.list_control_policies(rd.ListControlPoliciesRequest()).body.control_policies.control_policy
    assert [each.policy_name for each in listed] == ["FullAliyunAccess", "no-ram"]
    attach = rd.AttachControlPolicyRequest(policy_id=policy, target_id=PROD)
    directory.attach_control_policy(attach)
    assert refused(directory.attach_control_policy, attach) == (409, "EntityAlreadyExists.ControlPolicy.Attachment")
    absent = rd.AttachControlPolicyRequest(policy_id=policy, target_id="fd-absent")
    assert refused(directory.attach_control_policy, absent) == (404, "EntityNotExists.Target")
    delete = rd.DeleteControlPolicyRequest(policy_id=policy)
    assert refused(directory.delete_control_policy, delete) == (409, "DeleteConflict.ControlPolicy.Attachment")
    directory.detach_control_policy(rd.DetachControlPolicyRequest(policy_id=policy, target_id=PROD))
    directory.delete_control_policy(delete)
    assert refused(directory.delete_control_policy, delete) == (404, "EntityNotExists.ControlPolicy")


def test_the_older_product_sees_the_same_directory(cloud: LocalCloud, directory: Any) -> None:
    """ResourceManager 2020-03-31 answers from the same state, without the parameters that are newer."""
    older = cloud.client("resourcemanager")
    request = rm.CreateResourceAccountRequest(display_name="new")
    made = older.create_resource_account(request).body.account.account_id
    assert account(directory, made).display_name == "new"
    query = {"DisplayName": "newer", "DryRun": "true"}
    dry = acs3(cloud.endpoints["resourcemanager"], cloud.key(), "CreateResourceAccount", "2020-03-31", query)
    assert refusal(dry) == (400, "UnknownParameter.DryRun")
