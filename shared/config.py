"""What is wanted, and where: ``config.yaml`` and two environment variables, read once into one frozen object.

No cloud call and no default that depends on the machine enters here. Every mistake in the file is reported at once,
with its key, its value and what was expected.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from shared.backup_policy import BackupPolicy, vault_mistakes
from shared.config_types import AccountId, Drift, Frozen, Region, RoleName, more_than_once
from shared.endpoints import Endpoints
from shared.outcome import LONGEST_DELAY
from shared.quotas import Quotas
from shared.settings import External, Rule, Settings
from shared.wording import counted

SERVICE_LINKED_ROLE = "AliyunServiceRoleForHbrCrossAccountBackup"
"""By which Cloud Backup reaches member accounts (help page "Service-linked roles for Cloud Backup")."""

MARK = "cross-account-backup:"
"""Descriptions of what we made begin with this; what lacks it is foreign."""

Model = TypeVar("Model", bound=BaseModel)

QueueName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,119}$")]
"""Help page "Limits" of Simple Message Queue."""


class ConfigError(Exception):
    """The configuration is missing or wrong; the message lists every mistake."""


class BackupAccount(Frozen):
    """The central Cloud Backup account (A)."""

    id: AccountId
    """The account whose Cloud Backup holds the vaults."""
    role: RoleName | None = None
    """The role in A that the functions assume; leave it out where A is the management account."""


Wait = Annotated[float, Field(gt=0, le=LONGEST_DELAY)]
"""Seconds."""


class Retry(Frozen):
    """The longest wait in seconds before each further attempt."""

    delays: tuple[Wait, ...] = (30, 120, 600, 1800, 3600, 7200, 14400, 21600, 36000)
    """The longest waits after failures that may pass; on average half of each is waited. By default a day at most."""
    not_ready: tuple[Wait, ...] = (5, 10, 20, 30, 60, 120, 300)
    """Where the account or its role is too new to be used."""


class Notify(Frozen):
    """Who is told of a dead letter. The webhook's address and key are in the environment: no file holds them."""

    kind: Literal["json", "dingtalk"] = "json"
    """json: the dead letter as it is in the queue. dingtalk: a text for a custom robot of a DingTalk group."""
    url_variable: str = "CAB_WEBHOOK_URL"
    """Name of the environment variable that holds the webhook's address; where that is empty nobody is told."""
    secret_variable: str = "CAB_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
    """The same for the key of the robot's signature; empty: requests are not signed."""


class Sweep(Frozen):
    """The comparison of every account with what is desired."""

    deep_days: int = Field(default=7, ge=1, le=90)
    """Every account's role is examined once in so many days, by a share each night. An account for which the night has
    no time is told of in the digest, and waits for its next turn: then choose more days, so that a share is smaller."""
    observe: tuple[Drift, ...] = ()
    """Kinds of drift that are reported and not repaired, see below."""


class Teardown(Frozen):
    """How an account that has left is withdrawn. Backup data is never deleted by the functions."""

    mode: Literal["keep", "block"] = "keep"
    """keep: withdraw, keep the backup data. block: change nothing while restorable data exists; ask a person."""
    grace_hours: float = Field(default=24, ge=0, le=160)
    """Between the event and the withdrawal; MNS keeps a delayed message for at most seven days."""
    brake_accounts: int = Field(default=5, ge=0)
    """The brake: no account is withdrawn while more than so many, and"""
    brake_percent: float = Field(default=2, ge=0, le=100)
    """more than this share of the registered accounts, have left; for one out of scope: left or are out of scope."""


class Functions(Frozen):
    """How the console reaches the deployed functions."""

    way: Literal["fc2-3.0", "fc2-2.0", "sdk-3.0"] = "fc2-3.0"
    """fc2 on the path of Function Compute 3.0, fc2 on a service of 2.0, or the official SDK of 3.0."""
    service: str = "cab"
    """Only for fc2-2.0: the service in which the functions are."""
    prefix: str = "cab-"
    """Function names in s.yaml are this and the door's name."""


class Prices(Frozen):
    """Prices that you fill in from your own contract; none are shipped. Without them only quantities are shown."""

    currency: str
    """How amounts are written."""
    vault_gib_month: float = Field(ge=0)
    """For one GiB of backup vault in a month."""


class Queues(Frozen):
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


class Assumptions(Frozen):
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


class Config(Frozen):
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
        if twice := more_than_once(one.account_id for one in external):
            raise ValueError(f"expected each account once, not {', '.join(twice)}")
        return external

    @field_validator("backup_policies")
    @classmethod
    def _known(cls, policies: tuple[BackupPolicy, ...], info: ValidationInfo) -> tuple[BackupPolicy, ...]:
        wrong = list(vault_mistakes(policies))
        if twice := more_than_once(one.name for one in policies):
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
        return f"acs:ram::{self.backup_account.id}:role/{SERVICE_LINKED_ROLE}"

    @property
    def fingerprint(self) -> str:
        """By which the console sees whether the functions were deployed with this configuration.

        Without what is a default, which another release may have more of, and the endpoints, which are no wish.
        """
        said = self.model_dump_json(exclude_defaults=True, exclude={"endpoints"})
        return sha256(said.encode()).hexdigest()[:12]


def load(environ: Mapping[str, str]) -> Config:
    """Read the file that ``CAB_CONFIG`` names (default ``config.yaml``), and ``CLOUD_ENDPOINTS`` (JSON) over it.

    Raises ConfigError with every mistake in it.
    """
    path = Path(environ.get("CAB_CONFIG", "config.yaml"))
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
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


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # compiled where there is such a one
    """YAML says that keys are unique, and PyYAML keeps the last of two: a rule could vanish without a word.

    What is compiled takes a twentieth of the time.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in seen:
                problem = f"the key {key.value!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add((key.tag, key.value))
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
        from shared.mistakes import mistakes  # noqa: PLC0415 - only where something is wrong

        lines = mistakes(error, model)
        raise ConfigError(f"{where}: {counted(len(lines), 'mistake')}\n" + "\n".join(lines)) from error
