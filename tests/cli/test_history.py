from __future__ import annotations

import pytest

from cli.history import History, Turn
from tests.cli.console import Console
from tests.flows.world import PROD, TEST, World


def test_the_log_tells_how_long_protection_took(cab: Console, world: World) -> None:
    """An account whose event arrived is in status and report with the seconds that it took, and explain says them."""
    account = world.create("prompt")
    world.cloud.advance(1)
    found = cab.local("report", "--json").json
    assert found["not_kept"] == []
    times = found["history"]["time_to_protected"]
    assert (times["count"], sum(row["count"] for row in times["classes"])) == (1, 1)
    assert 0 <= times["median"] == times["longest"] < 60
    [recent] = found["history"]["recent"]
    assert recent["account_id"] == account
    rows = {row["account_id"]: row for row in found["accounts"]}
    assert rows[account]["protected_since"] == recent["at"]
    assert (rows[TEST]["protected_since"], rows[TEST]["unprotected_since"]) == ("", "")
    assert f"time to protected: {times['median']:.0f} s in the middle" in cab.local("status").out
    assert f"it was protected {times['median']:.0f} s after its event" in cab.local("explain", account).out


def test_the_log_tells_of_sweeps_and_repairs(cab: Console) -> None:
    """The last sweep has its age; what a sweep repaired is listed, and is protected since then."""
    assert cab.local("reconcile", "--yes").code == 0
    found = cab.local("status", "--json").json
    assert 0 <= found["history"]["last_sweep"]["age_seconds"] < 120
    assert {one["account_id"] for one in found["history"]["repairs"]} == {PROD, TEST}
    assert all(row["protected_since"] for row in found["accounts"] if row["account_id"] in {PROD, TEST})
    said = cab.local("explain", PROD).out
    assert "By the log it has been protected since" in said
    assert "The last sweep was " in said
    assert "the sweep repaired: unregistered" in said


def test_a_sweep_that_failed_is_told(cab: Console, world: World) -> None:
    """Status and explain say that the sweep fails, why, and what to do; after one that ends well they do not."""
    world.cloud.fault(service="hbr", action="DescribeCrossAccounts", code="NoPermission", status=403, count=1)
    assert cab.local("reconcile", "--yes").code == 1
    out = cab.local("status").out
    assert "the sweep fails: " in out
    assert "access_denied" in out
    assert "A sweep failed" in cab.local("explain", PROD).out
    assert cab.local("reconcile", "--yes").code == 0
    assert "the sweep fails: " not in cab.local("status").out


def test_the_log_tells_since_when_an_account_is_unprotected(cab: Console, world: World) -> None:
    """The first failure after the account was protected is when that ended."""
    world.cloud.fault(service="ram", action="CreateRole", code="LimitExceeded.Role", status=409, count=None)
    assert cab.local("onboard", PROD, "--yes").code == 1
    rows = {row["account_id"]: row for row in cab.local("report", "--json").json["accounts"]}
    assert rows[PROD]["unprotected_since"]
    assert "it has been unprotected since" in cab.local("explain", PROD).out


@pytest.mark.parametrize(
    ("code", "status", "why"), [("Unauthorized", 401, "Unauthorized"), ("ProjectNotExist", 404, "there is no log")]
)
def test_without_the_log_the_past_is_not_kept(cab: Console, world: World, code: str, status: int, why: str) -> None:
    """Where the log may not be read or is not there, that is said with its reason, and everything else is shown."""
    world.enrol(PROD)
    world.cloud.fault(service="logs", action="GetLogsV2", code=code, status=status, count=None)
    found = cab.local("report", "--json").json
    assert [why in line for line in found["not_kept"]] == [True, True], found["not_kept"]
    assert found["summary"]["enrolled"] == 1
    assert "not kept" in cab.local("status").out
    said = cab.local("explain", PROD, "--json").json
    assert said["state"] == "protected"
    assert len(said["not_kept"]) == 4
    assert not any("log" in one["evidence"] for one in said["sentences"])


def turn(at: float, seconds: float | None = None, *, protected: bool = True, event: str = "e") -> Turn:
    return Turn(PROD, at, protected, "", event, seconds)


def test_since_counts_from_the_last_break() -> None:
    """An account has been protected since it became so after it was last seen otherwise; unknown ones have no since."""
    log = History(turns={PROD: (turn(1), turn(2), turn(3, protected=False), turn(4), turn(5))})
    assert (log.since(PROD, protected=True), log.since(PROD, protected=False)) == (4, None)
    assert log.since(TEST, protected=True) is None


def test_an_event_that_came_twice_counts_once() -> None:
    """Of several attempts for one event the first that ended protected is the one that tells how long it took."""
    log = History(turns={PROD: (turn(10, 3.0), turn(90, 83.0), turn(95, 2.0, event="f"))})
    assert [one.seconds for one in log.took()] == [3.0, 2.0]
