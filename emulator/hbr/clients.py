"""Backup clients on ECS instances: installed, uninstalled, listed, forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.hbr import agenda, filters, places, tasks
from emulator.hbr.account import require_open
from emulator.hbr.answers import PAGE, find, mine, page, refuse, stamp
from emulator.hbr.state import Client
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.hbr.state import Job, Place, Plan, Snapshot
    from emulator.service import Call

TASK_SECONDS = 120
"""How long an installation takes; the cloud says up to 15 minutes (API page "InstallBackupClients")."""
MAX_INSTANCES = 20
_HOUR = 3600


def install_backup_clients(call: Call) -> dict[str, Any]:
    """Install the client on ECS instances, by a task (API page "InstallBackupClients").

    Instances that cannot have one are told apart; where none can, the whole call is refused with the first one's code
    (inferred from the Terraform provider, which retries CloudAssistNotRunningOnInstance).
    """
    require_open(call)
    instances = _instances(call.params["InstanceIds"])
    place = places.place_of(call)
    places.require_reach(call, place, places.NEEDS["ECS_FILE"])
    statuses = [_status(call, place, instance) for instance in instances]
    valid = [status["InstanceId"] for status in statuses if status["ValidInstance"]]
    for instance in valid:
        client = _client(call, place, instance) or Client(**stamp(call, "c"), instance_id=instance, place=place)
        client.status, client.silent_since, client.updated_at = "INSTALLING", 0.0, call.now
        call.cloud.state.hbr.clients[client.id] = client
        agenda.enter(call.cloud, call.now + TASK_SECONDS, "client", client.id)
    return {"TaskId": tasks.begin(call, "InstallBackupClientsTask", TASK_SECONDS, valid), "InstanceStatuses": statuses}


def _instances(given: list[str], extra: int = 0) -> list[str]:
    """At most twenty ids with those of clients (SDK model UninstallBackupClientsRequest)."""
    if len(given) + extra > MAX_INSTANCES:
        raise refuse("BadRequest", f"At most {MAX_INSTANCES} clients can be named.")
    return given


def _status(call: Call, place: Place, instance: str) -> dict[str, Any]:
    """What stands in an instance's way (SDK model InstallBackupClientsResponseBodyInstanceStatuses)."""
    resource = places.find_resource(call.cloud, place, call.region, "ECS_FILE", instance)
    code = ""
    if resource is None:
        code = "InstanceNotExists"
    elif not resource.get("running", True):
        code = "InstanceNotRunning"
    elif not resource.get("cloud_assistant", True):
        code = "CloudAssistNotRunningOnInstance"
    return {"InstanceId": instance, "ValidInstance": not code, "ErrorCode": code}


def _client(call: Call, place: Place, instance: str) -> Client | None:
    """The client on an instance of that account."""
    wanted = (instance, place.account_id)
    clients = mine(call, call.cloud.state.hbr.clients)
    return next((client for client in clients if (client.instance_id, client.place.account_id) == wanted), None)


def uninstall_backup_clients(call: Call) -> dict[str, Any]:
    """Remove the client from instances, by a task (API page "UninstallBackupClients").

    What was backed up stays, and the client stays listed until it is deleted; its heartbeats end.
    """
    clients = call.params["ClientIds"] or []
    instances = _instances(call.params["InstanceIds"] or [], len(clients))
    place = places.place_of(call)
    places.require_reach(call, place, places.NEEDS["ECS_FILE"])
    known = {client.id: client for client in mine(call, call.cloud.state.hbr.clients)}
    found = [known.get(str(client_id)) for client_id in clients]
    found += [_client(call, place, instance) for instance in instances]
    if not found or any(client is None or client.place.account_id != place.account_id for client in found):
        raise refuse("ResourceNotFound", "A specified client is not found.")
    removed = [client for client in found if client is not None]
    for client in removed:
        client.status, client.updated_at = "UNINSTALLING", call.now
        agenda.enter(call.cloud, call.now + TASK_SECONDS, "client", client.id)
    ids = [client.instance_id for client in removed]
    statuses = [{"InstanceId": instance, "ValidInstance": True, "ErrorCode": ""} for instance in ids]
    return {"TaskId": tasks.begin(call, "UninstallBackupClientsTask", TASK_SECONDS, ids), "InstanceStatuses": statuses}


_ENDS: Mapping[str, str] = {"INSTALLING": "ACTIVATED", "UNINSTALLING": "DEACTIVATED"}


def settle(cloud: Cloud, client_id: str, due: float) -> None:
    """The end of an installation or a removal."""
    client = cloud.state.hbr.clients.get(client_id)
    if client is None or client.status not in _ENDS or due < client.updated_at + TASK_SECONDS:
        return
    client.status, client.updated_at = _ENDS[client.status], due
    client.silent_since = due if client.status == "DEACTIVATED" else 0.0


def delete_backup_client(call: Call) -> dict[str, Any]:
    """Forget a client with its plans, jobs and snapshots; one heard of in the last hour is refused.

    API page "DeleteBackupClient"; the code is inferred.
    """
    hbr = call.cloud.state.hbr
    client = find(call, hbr.clients, call.params["ClientId"])
    if not client.silent_since or call.now < client.silent_since + _HOUR:
        raise refuse("BadRequest", "The client had a heartbeat within the last hour.")
    del hbr.clients[client.id]
    groups: tuple[dict[str, Any], ...] = (hbr.plans, hbr.jobs, hbr.snapshots)
    for records in groups:
        for key in [key for key, record in records.items() if _is_of(record, client)]:
            del records[key]
    return {}


def _is_of(record: Plan | Job | Snapshot, client: Client) -> bool:
    same = (record.owner, record.region, record.place.account_id, record.data_source)
    return record.source_type == "ECS_FILE" and same == (
        client.owner,
        client.region,
        client.place.account_id,
        client.instance_id,
    )


def describe_backup_clients(call: Call) -> dict[str, Any]:
    """Clients of one account by id, instance and filters, page by page (API page "DescribeBackupClients").

    Only ECS clients are emulated; of the other types there are none. The road into another account must be open.
    """
    params = call.params
    place = places.place_of(call)
    places.require_reach(call, place, places.NEEDS["ECS_FILE"])
    wanted = [
        client
        for client in mine(call, call.cloud.state.hbr.clients)
        if client.place.account_id == place.account_id
        and params["ClientType"] == "ECS_CLIENT"
        and (not params["ClientIds"] or client.id in params["ClientIds"])
        and (not params["InstanceIds"] or client.instance_id in params["InstanceIds"])
        and filters.passes(
            {"ClientId": client.id, "InstanceId": client.instance_id, "Status": client.status}, params["Filters"]
        )
        and not params["Tag"]
    ]
    return page(call, wanted, lambda client: _render(client, call.now), "Clients")


def _render(client: Client, now: float) -> dict[str, Any]:
    """Keys and types of SDK model DescribeBackupClientsResponseBody."""
    heard = client.silent_since or (now if client.status == "ACTIVATED" else 0)
    return {
        "ClientId": client.id,
        "ClientType": "ECS_CLIENT",
        "InstanceId": client.instance_id,
        "InstanceName": client.instance_id,
        "Hostname": client.instance_id,
        "Status": client.status,
        "BackupStatus": "UNPROTECTED",
        "LastHeartBeatTime": int(heard),
        "CreatedTime": int(client.created_at),
        "UpdatedTime": int(client.updated_at),
        "ClientVersion": "2.4.5",
        "MaxClientVersion": "2.4.5",
        "Appliance": False,
        "ArchType": "amd64",
        "OsType": "linux",
        "PrivateIpV4": "192.168.0.1",
        "ZoneId": f"{client.region}-a",
        "Tags": [],
        "Settings": _SETTINGS,
    }


_SETTINGS: Mapping[str, Any] = {
    "AlertOnPartialComplete": False,
    "DataNetworkType": "VPC",
    "DataProxySetting": "DISABLE",
    "MaxCpuCore": "",
    "MaxMemory": 0,
    "MaxWorker": "",
    "ProxyHost": "",
    "ProxyPassword": "",
    "ProxyPort": 0,
    "ProxyUser": "",
    "UseHttps": "false",
}


_ERRORS = ("BadRequest", "NoPermission", "AssumeRoleFail", "RoleNotExist", "CrossAccountBackupSlrNotExist")

ACTIONS = {
    "InstallBackupClients": Action(
        install_backup_clients,
        {**places.PARAMS, "InstanceIds": Param("json", required=True, shape=[str])},
        permission="hbr:InstallBackupClients",
        writes=True,
        errors=("ServiceNotActivated", *_ERRORS),
    ),
    "UninstallBackupClients": Action(
        uninstall_backup_clients,
        {**places.PARAMS, "InstanceIds": Param("json", shape=[str]), "ClientIds": Param("json", shape=[str])},
        permission="hbr:UninstallBackupClients",
        writes=True,
        errors=("ResourceNotFound", *_ERRORS),
    ),
    "DeleteBackupClient": Action(
        delete_backup_client,
        {"ClientId": Param(required=True)},
        permission="hbr:DeleteBackupClient",
        writes=True,
        errors=("ResourceNotFound", "BadRequest"),
    ),
    "DescribeBackupClients": Action(
        describe_backup_clients,
        {
            **PAGE,
            **places.PARAMS,
            "ClientType": Param(required=True, choices=("ECS_CLIENT", "CONTAINER_CLIENT", "LOCAL_CLIENT")),
            "ClientIds": Param("json", shape=[str]),
            "InstanceIds": Param("json", shape=[str]),
            "ClusterId": Param(),
            "Filters": filters.WITHOUT_OPERATOR,
            "Tag": Param("maps"),
        },
        permission="hbr:DescribeBackupClients",
        errors=_ERRORS,
    ),
}
