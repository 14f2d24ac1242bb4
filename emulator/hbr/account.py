"""What an account does once: find the regions, activate the product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.hbr.answers import next_number, refuse
from emulator.service import Action

if TYPE_CHECKING:
    from emulator.service import Call

_NAMES: Mapping[str, str] = {
    "cn-hangzhou": "China (Hangzhou)",
    "cn-shanghai": "China (Shanghai)",
    "cn-beijing": "China (Beijing)",
    "cn-shenzhen": "China (Shenzhen)",
    "cn-hongkong": "China (Hong Kong)",
    "ap-southeast-1": "Singapore",
    "ap-northeast-1": "Japan (Tokyo)",
    "eu-central-1": "Germany (Frankfurt)",
    "us-east-1": "US (Virginia)",
    "us-west-1": "US (Silicon Valley)",
}


def describe_regions(call: Call) -> dict[str, Any]:
    """The regions that have an endpoint in this emulator (API page "DescribeRegions")."""
    regions = [{"RegionId": region, "LocalName": _NAMES.get(region, region)} for region in call.cloud.endpoints["hbr"]]
    return {"Regions": {"Region": regions}}


def open_hbr_service(call: Call) -> dict[str, Any]:
    """Activate Cloud Backup for the account (API page "OpenHbrService").

    Raises:
        CloudError: ORDER.OPEND where it is active (code of the Terraform provider; message and status inferred).
    """
    opened = call.cloud.state.hbr.opened
    if call.caller.account_id in opened:
        raise refuse("ORDER.OPEND", "The service has been opened.")
    opened.append(call.caller.account_id)
    return {"OrderId": f"2{next_number(call.cloud.state.hbr):014d}"}


def require_open(call: Call) -> None:
    """Refuse what needs the product to be active: making vaults, policies, plans, jobs and clients (inferred).

    Raises:
        CloudError: ServiceNotActivated (help page "Error codes").
    """
    if call.caller.account_id not in call.cloud.state.hbr.opened:
        raise refuse("ServiceNotActivated", "The service is not activated yet.")


ACTIONS = {
    "DescribeRegions": Action(describe_regions, permission="hbr:DescribeRegions"),
    "OpenHbrService": Action(open_hbr_service, permission="hbr:OpenHbrService", writes=True, errors=("ORDER.OPEND",)),
}
