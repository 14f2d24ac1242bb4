"""What is wanted, and where: ``config.yaml`` and two environment variables, read once into one frozen object.

No cloud call and no default that depends on the machine enters here. Every mistake in the file is reported at once,
with its key, its value and what was expected.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from shared.backup_policy import BackupPolicy, vault_mistakes
from shared.config_types import AccountId, Drift, Region, RoleName
from shared.config_types import Frozen as _Frozen
from shared.endpoints import Endpoints

MARK = "cross-account-backup:"
"""Descriptions of what we made begin with this; what lacks it is foreign."""

ALIAS_LENGTH = 32
"""AddCrossAccount takes at most this many characters of alias (Cloud Backup API page)."""

Model = TypeVar("Model", bound=BaseModel)

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one that is compiled, where there is one: it takes a twentieth of the time."""


def _ends_in_account_id(alias: str) -> str:
    if not alias.endswith("{account_id}") or alias.count("{") != alias.count("{display_name}") + 1:
        raise ValueError("expected a text with {display_name} in it or not, ending in {account_id}")
    if len(alias.replace("{display_name}", "").replace("{account_id}", "0" * 16)) > ALIAS_LENGTH:
        raise ValueError(f"expected at most {ALIAS_LENGTH} characters together with the account id")
    return alias


Alias = Annotated[str, AfterValidator(_ends_in_account_id)]
"""A template that ends in {account_id}."""
SessionSeconds = Annotated[int, Field(ge=3600, le=43_200)]
"""RAM CreateRole, MaxSessionDuration."""
Rate = Annotated[float, Field(gt=0)]
Instances = Annotated[int, Field(ge=1, le=300)]
"""Function Compute runs at most 300 instances in a region (page "Limits")."""
Door = Literal["onboard", "retry", "teardown", "reconcile", "replay"]
Paced = Literal[
    "AddCrossAccount",
    "DeleteCrossAccount",
    "DescribeCrossAccounts",
    "CheckRole",
    "AssumeRole",
    "GetAccount",
    "ListAccounts",
]
CALLS_A_SECOND: dict[Paced, Rate] = {
    "AddCrossAccount": 10,
    "DeleteCrossAccount": 10,
    "DescribeCrossAccounts": 10,
    "CheckRole": 10,
    "AssumeRole": 100,
    "GetAccount": 50,
    "ListAccounts": 20,
}
"""Help pages "Quotas" of Cloud Backup (600 a minute for what it lists; inferred for these four), STS and
ResourceDirectoryMaster. RAM's quotas are per member account, and far above what one account needs."""
INSTANCES: dict[Door, Instances] = {"onboard": 4, "retry": 4, "teardown": 2, "reconcile": 1, "replay": 1}
USED = 0.95
"""Share of a quota that the functions use; the rest is for the console and for people."""


def _more_than_once(texts: Iterable[str]) -> list[str]:
    return sorted(text for text, count in Counter(texts).items() if count > 1)


def _each_once(regions: tuple[str, ...]) -> tuple[str, ...]:
    if _more_than_once(regions):
        raise ValueError("expected each region once")
    return regions


Regions = Annotated[tuple[Region, ...], Field(min_length=1), AfterValidator(_each_once)]
ARN_LENGTH = 40
"""Characters at most that a policy's name takes in a session policy beside itself."""
ROOM_FOR_POLICIES = 1200
"""Of the 2048 characters that AssumeRole takes as Policy (API page), what is left for them."""


def _fit_a_session(policies: tuple[str, ...]) -> tuple[str, ...]:
    if sum(ARN_LENGTH + len(name) for name in policies) > ROOM_FOR_POLICIES:
        raise ValueError("expected fewer or shorter names: a session in the account names each of them")
    return policies


Policy = Annotated[str, StringConstraints(pattern=r"^((System|Custom):)?[A-Za-z0-9-]{1,128}$")]
"""RAM CreatePolicy: 1 to 128 letters, digits and hyphens."""
Policies = Annotated[tuple[Policy, ...], Field(min_length=1), AfterValidator(_fit_a_session)]
QueueName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,119}$")]
"""Help page "Limits" of Simple Message Queue."""


class ConfigError(Exception):
    """The configuration is missing or wrong; the message lists every mistake."""


class BackupAccount(_Frozen):
    """The central Cloud Backup account (A)."""

    id: AccountId
    """The account whose Cloud Backup holds the vaults."""
    role: RoleName | None = None
    """The role in A that the functions assume; leave it out where A is the management account."""


class Settings(_Frozen):
    """How accounts are enrolled unless a scope rule says otherwise."""

    enrol: bool = True
    """Whether the account is to be under central backup."""
    authorization: Literal["ram_role", "resource_directory"] = "ram_role"
    """By a role in the member account, or by the Resource Directory, which needs no role there."""
    regions: Regions
    """Where the account has resources to back up; it is registered in each."""
    alias: Alias = "{display_name}-{account_id}"
    """How Cloud Backup shows the account; the display name is cut to fit. A later rename is not drift."""
    role_name: RoleName = "hbrcrossrole"
    """The backup role in the member account."""
    policies: Policies = ("AliyunHBRRolePolicy",)
    """System policies by name; a custom policy of the member account as ``Custom:<name>``."""
    adopt_role: bool = False
    """Whether to take over a role of that name that bears no mark of ours."""
    session_seconds: SessionSeconds = 3600
    """The longest session of the backup role."""
    backup_policies: tuple[str, ...] = ()
    """Names under `backup_policies`: what of the account is backed up."""

    @property
    def attached(self) -> frozenset[str]:
        """``policies`` in full: ``System:<name>`` or ``Custom:<name>``."""
        return frozenset(policy if ":" in policy else f"System:{policy}" for policy in self.policies)


class Rule(_Frozen):
    """One scope rule: which members it is for, and what is different for them. The most specific rule wins."""

    name: str
    """How plans and answers call the rule."""
    folder: str | None = None
    """A folder id; accounts in folders below it match too."""
    tags: Mapping[str, str] = Field(default_factory=dict)
    """Keys and values; the account must have all of them."""
    type: Literal["created", "invited"] | None = None
    """How the account joined the directory."""
    accounts: tuple[AccountId, ...] = ()
    """Only these accounts."""
    enrol: bool | None = None
    authorization: Literal["ram_role", "resource_directory"] | None = None
    regions: Regions | None = None
    alias: Alias | None = None
    role_name: RoleName | None = None
    policies: Policies | None = None
    adopt_role: bool | None = None
    session_seconds: SessionSeconds | None = None
    backup_policies: tuple[str, ...] | None = None

    def over(self, base: Settings) -> Settings:
        """The defaults with what this rule says put over them, checked again."""
        said = {name: value for name in Settings.model_fields if (value := getattr(self, name)) is not None}
        return Settings.model_validate(base.model_dump() | said)


class External(_Frozen):
    """An account outside the directory (or M or A itself) that is to be backed up all the same."""

    account_id: AccountId
    """The account."""
    display_name: str
    """Its name, for the alias and for people."""
    access_role: RoleName | None = None
    """The role by which it is entered; without it its owner makes the backup role, and we check and register."""


Wait = Annotated[float, Field(gt=0, le=604_800)]
"""Seconds; a queue delays a message for at most seven days (page "Limits" of Simple Message Queue)."""


class Retry(_Frozen):
    """The longest wait in seconds before each further attempt."""

    delays: tuple[Wait, ...] = (30, 120, 600, 1800, 3600, 7200, 14400, 21600, 36000)
    """The longest waits after failures that may pass; on average half of each is waited. By default a day at most."""
    not_ready: tuple[Wait, ...] = (5, 10, 20, 30, 60, 120, 300)
    """Where the account or its role is too new to be used."""


class Notify(_Frozen):
    """Who is told of a dead letter. The webhook's address and key are in the environment: no file holds them."""

    kind: Literal["json", "dingtalk"] = "json"
    """json: the dead letter as it is in the queue. dingtalk: a text for a custom robot of a DingTalk group."""
    url_variable: str = "CAB_WEBHOOK_URL"
    """Name of the environment variable that holds the webhook's address; where that is empty nobody is told."""
    secret_variable: str = "CAB_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
    """The same for the key of the robot's signature; empty: requests are not signed."""


class Sweep(_Frozen):
    """The comparison of every account with what is desired."""

    deep_days: int = Field(default=7, ge=1, le=90)
    """Every account's role is examined once in so many days, by a share each night."""
    observe: tuple[Drift, ...] = ()
    """Kinds of drift that are reported and not repaired, see below."""


class Teardown(_Frozen):
    """How an account that has left is withdrawn. Backup data is never deleted by the functions."""

    mode: Literal["keep", "block"] = "keep"
    """keep: withdraw, keep the backup data. block: change nothing while restorable data exists; ask a person."""
    grace_hours: float = Field(default=24, ge=0, le=160)
    """Between the event and the withdrawal; MNS keeps a delayed message for at most seven days."""
    brake_accounts: int = Field(default=5, ge=0)
    """The brake: no account is withdrawn while more than so many, and"""
    brake_percent: float = Field(default=2, ge=0, le=100)
    """more than this share of the registered accounts, are not wanted any more."""


class Functions(_Frozen):
    """How the console reaches the deployed functions."""

    way: Literal["fc2-3.0", "fc2-2.0", "sdk-3.0"] = "fc2-3.0"
    """fc2 on the path of Function Compute 3.0, fc2 on a service of 2.0, or the official SDK of 3.0."""
    service: str = "cab"
    """Only for fc2-2.0: the service in which the functions are."""
    prefix: str = "cab-"
    """Function names in s.yaml are this and the door's name."""


class Prices(_Frozen):
    """Prices that you fill in from your own contract; none are shipped. Without them only quantities are shown."""

    currency: str
    """How amounts are written."""
    vault_gib_month: float = Field(ge=0)
    """For one GiB of backup vault in a month."""


class Queues(_Frozen):
    """MNS queue names; ``s.yaml`` names the same ones."""

    retry: QueueName = "cab-retry"
    """Where messages wait for their next attempt."""
    dead_letters: QueueName = "cab-dead-letters"
    """Where messages wait for a person."""

    @field_validator("dead_letters")
    @classmethod
    def _apart(cls, name: str, info: ValidationInfo) -> str:
        if name == info.data.get("retry"):
            raise ValueError("expected another queue than that of retries")
        return name


class Quotas(_Frozen):
    """How often the functions may call the cloud; see docs/performance.md. An API that is not named is not paced."""

    calls: Mapping[Paced, Rate] = Field(default_factory=lambda: dict(CALLS_A_SECOND))
    """Calls a second by API: those of Cloud Backup in the backup account, the others in the management account."""
    instances: Mapping[Door, Instances] = Field(default_factory=lambda: dict(INSTANCES))
    """How many instances of each function there are at most; `s.yaml` reserves as much concurrency."""


class Assumptions(_Frozen):
    """What no document says about Cloud Backup. docs/live-checks.md tells how each is found out."""

    second_registration: Literal["refused", "doubled"] = "refused"
    """Whether a second AddCrossAccount for one account is refused, or makes a second record (then we list first)."""
    registrations: Literal["regional", "global"] = "regional"
    """Whether a record counts in its region, as the product page says, or everywhere (then one region is enough)."""
    types_coexist: bool = True
    """Whether CROSS_ACCOUNT and CROSS_ACCOUNT_BY_RD records of one account may stand side by side."""
    tag_accounts: Literal["honoured", "ignored"] = "honoured"
    """Whether the list of accounts in a backup policy's TAG rule is honoured. If not, no policy by tags is written:
    its tags would select resources of the backup account instead."""
    account_scope: str | None = None
    """What is sent as ``AccountScope`` with that list; by default nothing."""
    duplicate_codes: tuple[str, ...] = ("CrossAccountExist",)
    """Codes of that refusal. After any other refusal the listing decides."""


class Config(_Frozen):
    """Everything that can be configured; docs/settings.md lists it."""

    management_account: AccountId
    """The account that owns the Resource Directory; the functions run here."""
    backup_account: BackupAccount
    region: Region = "cn-hangzhou"
    """Where the functions and their queues are."""
    access_role: RoleName = "ResourceDirectoryAccountAccessRole"
    """The role by which member accounts are entered; the Resource Directory makes it in those that it creates."""
    enrolment: Settings
    scope: tuple[Rule, ...] = ()
    external: tuple[External, ...] = ()
    backup_policies: tuple[BackupPolicy, ...] = ()
    prices: Prices | None = None
    retry: Retry = Retry()
    notify: Notify = Notify()
    functions: Functions = Functions()
    sweep: Sweep = Sweep()
    teardown: Teardown = Teardown()
    former_regions: tuple[Region, ...] = ()
    """Regions that no rule names any more, but where registrations of ours may still be."""
    trail_regions: tuple[Region, ...] = ("cn-hangzhou",)
    """Where ActionTrail keeps the directory's global events: cn-hangzhou or ap-southeast-1 (docs/live-checks.md)."""
    queues: Queues = Queues()
    quotas: Quotas = Quotas()
    assumptions: Assumptions = Assumptions()
    endpoints: Endpoints = Endpoints()

    @field_validator("backup_account")
    @classmethod
    def _entered_somehow(cls, account: BackupAccount, info: ValidationInfo) -> BackupAccount:
        management = info.data.get("management_account")
        if management is None:  # a mistake of its own
            return account
        if account.role is None and account.id != management:
            raise ValueError("expected a role, since the backup account is not the management account")
        if account.role is not None and account.id == management:
            raise ValueError("expected no role, since the backup account is the management account itself")
        return account

    @field_validator("external")
    @classmethod
    def _declared_once(cls, external: tuple[External, ...]) -> tuple[External, ...]:
        if twice := _more_than_once(one.account_id for one in external):
            raise ValueError(f"expected each account once, not {', '.join(twice)}")
        return external

    @field_validator("backup_policies")
    @classmethod
    def _known(cls, policies: tuple[BackupPolicy, ...], info: ValidationInfo) -> tuple[BackupPolicy, ...]:
        wrong = list(vault_mistakes(policies))
        if twice := _more_than_once(one.name for one in policies):
            wrong.append(f"expected each name once, not {', '.join(twice)}")
        if {"enrolment", "scope"} <= info.data.keys():
            all_settings: list[Settings | Rule] = [info.data["enrolment"], *info.data["scope"]]
            wanted = {name for one in all_settings for name in one.backup_policies or ()}
            if unknown := sorted(wanted - {one.name for one in policies}):
                wrong.append(f"expected also {', '.join(unknown)}, which enrolment or a scope rule names")
            named = {region for one in all_settings for region in one.regions or ()}
            if apart := sorted({region for one in policies for region in one.regions} - named):
                where = f"not {', '.join(apart)} (step 4)"
                wrong.append(f"expected only regions in which accounts are registered, {where}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return policies

    @property
    def every_region(self) -> tuple[str, ...]:
        """Where registrations of ours may be."""
        return self.registered_in(self.backup_regions)

    @property
    def backup_regions(self) -> tuple[str, ...]:
        """Every region that is named anywhere: where backups of ours may be."""
        named = [*self.enrolment.regions, *(region for rule in self.scope for region in rule.regions or ())]
        named += self.former_regions
        return tuple(dict.fromkeys(named))

    def registered_in(self, regions: tuple[str, ...]) -> tuple[str, ...]:
        """Of these regions, those in which records are made: all, or one where records count everywhere."""
        return regions if self.assumptions.registrations == "regional" else self.enrolment.regions[:1]

    @property
    def service_linked_role_arn(self) -> str:
        """The one principal that backup roles trust (product page, step 3)."""
        return f"acs:ram::{self.backup_account.id}:role/AliyunServiceRoleForHbrCrossAccountBackup"


def load(environ: Mapping[str, str]) -> Config:
    """Read the file that ``CAB_CONFIG`` names (default ``config.yaml``), and ``CLOUD_ENDPOINTS`` (JSON) over it.

    Raises ConfigError with every mistake in it.
    """
    path = Path(environ.get("CAB_CONFIG", "config.yaml"))
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)  # noqa: S506 - a safe one
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected a mapping at the top, found {type(document).__name__}")
    if environ.get("CLOUD_ENDPOINTS"):
        document["endpoints"] = _endpoints(environ["CLOUD_ENDPOINTS"])
    config = check(Config, document, str(path))
    if environ.get("CLOUD_ENDPOINTS"):
        _reachable(config)
    return config


def _reachable(config: Config) -> None:
    """Given endpoints are all that there is: a region without one must not be looked for in the real cloud."""
    missing = [region for region in config.every_region if region not in config.endpoints.hbr]
    if missing:
        raise ConfigError(f"CLOUD_ENDPOINTS: no Cloud Backup endpoint for the configured regions {', '.join(missing)}")


class _Loader(yaml.SafeLoader):
    """YAML says that keys are unique, and PyYAML keeps the last of two: a rule could vanish without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for key in keys if isinstance(key, str) and keys.count(key) > 1]
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice[0]!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _endpoints(text: str) -> dict[str, Any]:
    """Keep of the given endpoints those that we speak to; there may be more."""
    try:
        given = dict(json.loads(text).items())
        return {name: given[name] for name in Endpoints.model_fields if name in given}
    except (ValueError, AttributeError) as error:
        raise ConfigError(f"CLOUD_ENDPOINTS: expected a JSON object of endpoints, found {text[:60]!r}") from error


def check(model: type[Model], document: object, where: str) -> Model:
    """Validate ``document``; raise ConfigError that names each key, its value and what was expected."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        lines = [
            f"  {_key(e['loc'])}: {e['msg'].removeprefix('Value error, ')}, found {_short(e['input'])}"
            for e in error.errors()
        ]
        raise ConfigError(f"{where}: {len(lines)} mistake(s)\n" + "\n".join(lines)) from error


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "(top)"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a line's worth
