"""What a service is made of: a table from action name to function, and what is checked before the function runs.

A new action is one function and one line in its service's table. The chain that uses these tables is in ``chain.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from emulator.shapes import TAG, Shape

if TYPE_CHECKING:
    from emulator.accounts import Account, Principal
    from emulator.cloud import Cloud

Kind = Literal["text", "integer", "boolean", "json", "texts", "maps"]


@dataclass(frozen=True)
class Param:
    """One documented parameter of an action.

    ``json`` is an object or list sent as compact JSON; ``texts`` is ``Name.1=a&Name.2=b``; ``maps`` is
    ``Name.1.Key=a&Name.1.Value=b``. ``minimum`` and ``maximum`` bound an integer's value or a text's length.
    ``shape`` is what JSON holds, or each object of ``maps``: a tag unless told.
    """

    kind: Kind = "text"
    required: bool = False
    default: Any = None
    shape: Shape = TAG
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    invalid: str | None = None
    """The code for a malformed value where it is not the service's usual ``InvalidParameter.<Name>``."""
    length: str | None = None
    """The code for a text of the wrong length where it is not the one of a malformed value."""
    status: int = 400
    """The HTTP status of those two where it is not the usual one."""
    missing: str | None = None
    """The code for a required value that was not sent where it is not the service's usual one."""


@dataclass(frozen=True)
class Action:
    """One API action. The docstring of ``run`` cites where its behaviour comes from."""

    run: Callable[[Call], dict[str, Any]]
    params: Mapping[str, Param] = field(default_factory=dict)
    permission: str | None = None
    """The RAM action that the caller needs (``ram:CreateRole``), or None where the documentation says none is."""
    resource: str = "*"
    """The ARN asked for, with ``{account}``, ``{region}`` and parameter names in braces."""
    writes: bool = False
    """Write calls are recorded by ActionTrail, failed ones too."""
    errors: tuple[str, ...] = ()
    """The documented codes that ``run`` itself may answer."""


@dataclass(frozen=True)
class Service:
    """One API product at one version."""

    name: str
    """Key in the endpoints of the ready line: ``ram``, ``sts``, ``resourcedirectory``, …"""
    product: str
    """As ActionTrail's ``serviceName`` writes it: ``Ram``, ``Sts``, ``ResourceManager``, ``Hbr``."""
    version: str
    actions: Mapping[str, Action]
    region: str = ""
    """Of its one endpoint; empty for a global service, and where there are endpoints in many regions."""
    missing: str = "MissingParameter.{name}"
    invalid: str = "InvalidParameter.{name}"
    success: Mapping[str, Any] = field(default_factory=dict)
    """Merged into every successful answer (Cloud Backup's ``Success``, ``Code`` and ``Message``)."""
    error_extra: Mapping[str, Any] = field(default_factory=dict)
    """Merged into every refusal with HTTP 200 (Cloud Backup's ``Success: false``)."""


@dataclass
class Call:
    """One authenticated, validated call, as an action's function receives it."""

    cloud: Cloud
    service: Service
    action: str
    region: str
    """The region of the endpoint that was called; ``""`` for global services."""
    params: dict[str, Any]
    """Typed and checked; a parameter that was not sent has its default (None unless the table says otherwise)."""
    caller: Principal
    request_id: str
    source_ip: str = "127.0.0.1"
    user_agent: str = ""

    @property
    def account(self) -> Account:
        """The account that the caller belongs to: every product keeps its state per account."""
        return self.cloud.state.accounts[self.caller.account_id]

    @property
    def now(self) -> float:
        """Emulated epoch seconds."""
        return self.cloud.clock.now()
