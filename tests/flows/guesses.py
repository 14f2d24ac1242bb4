"""Every value of every guess about the cloud, and what the configuration is told of it where it has to be.

The list is made from ``Guesses.model_fields``: a guess that is added there is run here, or its absence is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import starmap
from typing import Any, Literal, NamedTuple, get_args, get_origin

from emulator.guesses import Guesses
from tests.cloud import LocalCloud


class Guess(NamedTuple):
    """One value of one guess."""

    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


Kind = tuple[Guess, ...]
"""In which guesses a cloud differs from the likeliest one."""

OPEN: Mapping[str, tuple[Any, ...]] = {
    "duplicate_code": ("SomethingElse.Entirely",),
    "delete_unknown_code": ("CrossAccountNotExist",),
    "delete_while_running_code": ("CrossAccountInUse",),
    "role_propagation_seconds": (),  # a delay changes the first answer of every flow: see test_guesses.py
}
"""Values to try of guesses whose type does not list them."""

TOLD: Mapping[Guess, Mapping[str, Any]] = {
    Guess("second_add_cross_account", "double"): {"second_registration": "doubled"},
    Guess("registrations", "global"): {"registrations": "global"},
    Guess("both_types_coexist", value=False): {"types_coexist": False},
    Guess("account_scope", "ignored"): {"tag_accounts": "ignored"},
}
"""What a configuration has to know of the cloud (docs/live-checks.md). Of the other guesses it knows nothing."""

UNHEARD: Mapping[str, Any] = {
    "directory_events": "absent",
    "directory_event_region": "ap-southeast-1",
    "directory_service_name": "ResourceDirectoryMaster",
}
"""Where the functions, deployed as s.yaml is shipped, hear of no account: the sweep has to find it."""


def values(name: str) -> tuple[Any, ...]:
    """Every value that a guess may have, or those to try of one that may have any; not its default."""
    field = Guesses.model_fields[name]
    if field.annotation is bool:
        known: tuple[Any, ...] = (False, True)
    elif get_origin(field.annotation) is Literal:
        known = get_args(field.annotation)
    else:
        known = OPEN[name]
    return tuple(value for value in known if value != field.default)


EVERY: tuple[Guess, ...] = tuple(Guess(name, value) for name in Guesses.model_fields for value in values(name))
"""The guesses but their defaults, which every test runs under anyway."""
TOGETHER: tuple[Kind, ...] = tuple(
    tuple(starmap(Guess, kind.items()))
    for kind in (
        {
            "second_add_cross_account": "update",
            "delete_unknown_code": "CrossAccountNotExist",
            "delete_while_running_code": "CrossAccountInUse",
            "check_role_needs_registration": True,
            "hbr_authorises_cross_accounts": True,
            "rd_trusted_service": "rd.hbr.aliyuncs.com",
            "trust_arn_case": "exact",
            "trust_names_must_exist": True,
            "handshake_trail": "both",
            "async_invocation_type": "false",
            "cloud_messages": "base64",
        },
        {
            "registrations": "global",
            "duplicate_code": "SomethingElse.Entirely",
            "delete_unknown_cross_account": "succeed",
            "function_errors_redelivered": False,
        },
        {"second_add_cross_account": "double", "both_types_coexist": False, "hbr_refusals": "ok"},
        {"account_scope": "ignored", **UNHEARD},
    )
)
"""Every value in one of a few clouds, beside values that do not hide it. With ``--soak`` all flows run in each."""


def parse(text: str) -> Guess:
    """``NAME=VALUE`` of the command line."""
    name, _, value = text.partition("=")
    return Guess(name, getattr(Guesses.model_validate({name: value}), name))


def begin(cloud: LocalCloud, kind: Kind) -> None:
    """A fresh landing zone in a cloud of one kind; it stays of that kind when a test resets it."""
    cloud.standing = dict(kind)
    cloud.reset()
    if service := cloud.standing.get("rd_trusted_service"):
        _trust(cloud, service)


def _trust(cloud: LocalCloud, service: str) -> None:
    """The zone's people have enabled Cloud Backup by the name that it has there."""
    state = cloud.state()
    directory, usual = state["directory"], Guesses().rd_trusted_service
    directory["trusted_services"] = [service if name == usual else name for name in directory["trusted_services"]]
    directory["delegated"] = {service if name == usual else name: who for name, who in directory["delegated"].items()}
    cloud.load(state)


def told(cloud: LocalCloud) -> dict[str, Any]:
    """The ``assumptions`` of a configuration for a cloud of this kind."""
    return {key: value for guess in cloud.standing.items() for key, value in TOLD.get(Guess(*guess), {}).items()}
