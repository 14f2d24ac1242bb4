from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from alibabacloud_resourcedirectorymaster20220419.models import DeleteAccountRequest

from cli.report import as_csv
from cli.report.model import Folder, Retained, Seen, document
from cli.report.page import embedded, page
from cli.survey import State, Surveyed
from shared.enrolment import Enrolment, Registration
from shared.kinds import KINDS
from shared.letters import read
from shared.messages import Held
from shared.scope import Member, Wanted
from shared.settings import Settings
from shared.steps import Register
from tests.cli.browser import PROGRAM, Page, browser
from tests.cli.console import READS, Console
from tests.cli.test_doctor import LOOKS
from tests.flows.backups import Backups
from tests.flows.world import BACKUP, MANAGEMENT, PROD, REGIONS, TEST, World

HOSTILE = '</script><img src=x onerror="document.title=1">'
PICTURES = os.environ.get("REPORT_PICTURES")
"""A folder in which the pictures are kept, for somebody to look at."""
needs_browser = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed: apt-get install chromium")


def surveyed(number: int) -> Surveyed:
    """One account of a fleet: most are registered, some are not, some are out of scope, one has a hostile name."""
    account = str(2_000_000_000_000_000 + number)
    name = HOSTILE if number == 7 else f"unit-{number:05d}"
    folders = ("fd-prod", f"fd-team{number % 12:02d}") if number % 10 else ("fd-sandbox",)
    member = Member(account, name, "invited" if number % 9 == 0 else "created", folders)
    if number % 10 == 0:
        return Surveyed(
            account, member, None, State.OUT_OF_SCOPE, "outside the scope by rule 'sandboxes keep their own'"
        )
    registration = Registration("CROSS_ACCOUNT", "hbrcrossrole", "x")
    enrolment = Enrolment(account, None, dict.fromkeys(REGIONS, frozenset({registration})))
    wanted = Wanted(enrolment, Settings(regions=REGIONS), "enrolment (the default for every member)")
    if number % 37 == 0 or number == 7:
        missing = (Register(REGIONS[1], registration),)
        return Surveyed(account, member, wanted, State.UNREGISTERED, f"not registered in {REGIONS[1]}", missing)
    return Surveyed(account, member, wanted, State.REGISTERED)


def fleet(count: int) -> Seen:
    """A whole report's worth of accounts, with everything else that a report can have."""
    letter = {
        "version": 1,
        "reason": "throttled",
        "detail": f"AddCrossAccount: Throttling.User {HOSTILE}",
        "attempts": 10,
    }
    times = {"first_failed_at": "2026-11-20T00:00:00Z", "last_failed_at": "2026-11-21T00:00:00Z"}
    body = json.dumps({**letter, **times, "message": {"version": 1, "account_id": PROD, "hint": "joined"}})
    gone = Retained(
        "3000000000000001", REGIONS[0], "OSS data", "main (v-1)", 42, 7 << 30, "2026-10-01T00:00:00Z", BACKUP, "e"
    )
    teams = [Folder(f"fd-team{number:02d}", f"team {number:02d}", "fd-prod") for number in range(12)]
    return Seen(
        MANAGEMENT,
        BACKUP,
        deep=False,
        at=1_795_000_000.0,
        accounts=[surveyed(number) for number in range(1, count + 1)],
        folders=[Folder("fd-prod", "prod"), Folder("fd-sandbox", "sandbox"), *teams],
        joined={str(2_000_000_000_000_000 + number): "2026-01-01T00:00:00Z" for number in range(1, count + 1)},
        letters=[read(Held("0000000000000001-1-0", "h", body, 1_794_500_000.0, 0.0), 604_800.0, 1_795_000_000.0)],
        retained=[gone],
        unread=["something: refused"],
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 10,000 accounts."""
    path = tmp_path_factory.mktemp("report") / "coverage.html"
    path.write_text(page(document(fleet(10_000))), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def opened(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """That page in a browser."""
    with browser(tmp_path_factory.mktemp("profile")) as found:
        found.wide(1280)
        found.open(written)
        yield found


def test_the_report_is_what_status_says(cab: Console, world: World, tmp_path: Path) -> None:
    """Counts by state, folder and region are those of the zone; page and table have every account; it only reads."""
    world.enrol(PROD)
    mark = world.mark()
    page_file, table = tmp_path / "coverage.html", tmp_path / "coverage.csv"
    ran = cab.local("report", "--html", str(page_file), "--csv", str(table), "--json")
    assert ran.code == 0, ran.err
    assert set(world.calls(mark)) <= LOOKS | READS
    status = cab.local("status", "--json").json
    assert ran.json["states"] == status["states"]
    assert ran.json["regions"] == [
        {"name": name, "wanted": 2, "enrolled": 1, "evidence": f"DescribeCrossAccounts in {name}"} for name in REGIONS
    ]
    prod = next(row for row in ran.json["folders"] if row["name"] == "prod")
    assert (prod["wanted"], prod["enrolled"], prod["depth"]) == (1, 1, 0)
    accounts = {one["account_id"] for one in status["accounts"]}
    assert {row["account_id"] for row in csv.DictReader(io.StringIO(table.read_text("utf-8")))} == accounts
    assert all(account in page_file.read_text("utf-8") for account in accounts)


def test_every_row_has_its_evidence(cab: Console, world: World) -> None:
    """A glance names the listings, a deep look also the calls in the account, and the drift that they show."""
    world.enrol(PROD)
    glance, deep = (cab.local("report", "--json", *words).json for words in ([], ["--deep"]))
    assert all(row["evidence"] for row in [*glance["accounts"], *deep["accounts"]])
    [prod] = [row for row in deep["accounts"] if row["account_id"] == PROD]
    assert (prod["state"], "CheckRole" in prod["evidence"]) == ("protected", True)
    drift = {row["kind"]: row["some"] for row in deep["drift"]}
    assert drift["role_missing"] == [TEST]
    assert "role_not_usable" not in drift
    assert all(row["evidence"] for name in ("folders", "regions", "kinds", "joining", "drift") for row in deep[name])
    assert [row["name"] for row in deep["kinds"]] == list(KINDS)


def test_backups_of_who_has_left_are_listed(cab: Console, world: World) -> None:
    """An account that goes or has left with restorable points is named with its data, where they are, and who pays."""
    world.enrol(PROD)
    backups = Backups(world).open()
    policy = backups.policy(backups.vault())
    backups.bind(policy, "OSS", "prod-app-data")
    backups.run(policy)
    assert cab.local("report", "--json").json["retained"] == []
    state = world.cloud.state()
    world.cloud.client("resourcedirectory").delete_account(DeleteAccountRequest(account_id=PROD))
    assert [one["account_id"] for one in cab.local("report", "--json").json["retained"]] == [PROD]
    del state["directory"]["members"][PROD]
    world.cloud.load(state)
    [one] = cab.local("report", "--json").json["retained"]
    assert (one["account_id"], one["source"], one["payer"]) == (PROD, "OSS prod-app-data", BACKUP)
    assert one["points"] == len(backups.points()) > 0
    assert "central" in one["vault"]


def test_what_a_report_costs_does_not_grow_by_account(cab: Console, world: World) -> None:
    """Two hundred more members cost pages of the directory's listing, and no call besides."""

    def calls() -> Counter[str]:
        mark = world.mark()
        assert cab.local("report", "--json").code == 0
        return Counter(entry["action"] for entry in world.cloud.journal(since=mark))

    few = calls()
    state = world.cloud.state()
    members = state["directory"]["members"]
    for number in range(200):
        account = str(2_000_000_000_000_000 + number)
        members[account] = {**members[TEST], "account_id": account, "display_name": f"unit-{number}"}
    world.cloud.load(state)
    many = calls()
    pages = -(-len(members) // 100)
    assert (few.pop("ListAccounts"), many.pop("ListAccounts")) == (2, 2 * pages)
    assert many == few


def test_dead_letters_are_listed(cab: Console, world: World) -> None:
    """What waits for a person is in the report, with its reason and its id as evidence."""
    world.cloud.fault(service="ram", action="CreateRole", code="LimitExceeded.Role", status=409, count=3)
    cab.local("onboard", PROD, "--yes", "--direct")
    document = cab.local("report", "--json").json
    assert [one["reason"] for one in document["dead_letters"]] == ["limit_exceeded"]
    assert document["dead_letters"][0]["id"]


def test_without_a_file_it_says_how(cab: Console) -> None:
    """For people there is a summary, and what writes more; a file that cannot be written is exit 1."""
    assert "--html FILE writes a page" in cab.local("report").out
    ran = cab.local("report", "--html", "no/such/folder/x.html", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (1, "not_written")


def test_a_spreadsheet_is_not_made_to_compute() -> None:
    """A name that begins like a formula is text in the table."""
    found = document(fleet(2))
    found["accounts"][0]["display_name"] = '=HYPERLINK("http://x")'
    [first, _] = csv.DictReader(io.StringIO(as_csv(found)))
    assert first["display_name"].startswith("'=")


def test_nothing_ends_the_data_early() -> None:
    """Whatever an account is called, the data stays within its element, and comes out as it went in."""
    text = embedded({"name": HOSTILE})
    assert "</" not in text
    assert json.loads(text) == {"name": HOSTILE}


def test_the_page_is_one_file_and_loads_nothing(written: Path) -> None:
    """No element has an address of something to load, and the page's policy forbids it."""
    loads: list[tuple[str, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            named = {name for name, _ in attributes}
            loads.extend((tag, name) for name in named & {"src", "srcset", "data", "action", "poster"})
            if tag == "link" or (tag == "a" and not str(dict(attributes)["href"]).startswith("#")):
                loads.append((tag, "href"))

    text = written.read_text("utf-8")
    Reader().feed(text)
    assert loads == []
    assert "default-src 'none'" in text
    assert "http://" not in text.replace(HOSTILE, "")


def test_hundred_percent_is_only_what_is_complete() -> None:
    """A folder in which one account of many is missing is not shown as whole."""
    seen = fleet(10_000)
    broken = [one for one in seen.accounts if one.state is State.UNREGISTERED]
    assert broken
    assert "100 %" not in page(document(seen)).partition("prod")[2].partition("</tr>")[0]


@needs_browser
def test_ten_thousand_accounts_are_usable(opened: Page) -> None:
    """The page is interactive within two seconds, draws a screenful, and asks the network for nothing."""
    assert opened.ask("+document.documentElement.dataset.ready") < 2000
    assert opened.ask("document.querySelectorAll('#table tbody tr').length") == 50
    assert [url for url in opened.requests if not url.startswith(("file:", "about:", "data:"))] == []
    assert opened.complaints == []
    assert opened.ask("document.title") == "Central backup: coverage"


@needs_browser
def test_accounts_can_be_filtered_and_sorted_with_the_keyboard(opened: Page) -> None:
    """Typing filters within a tenth of a second, a column's button sorts both ways, states and pages can be chosen."""
    total = opened.ask("document.querySelectorAll('#state option').length")
    assert total == 5
    opened.ask(
        "document.querySelector('#state').focus(), document.querySelector('#state').value='',"
        "document.querySelector('#state').dispatchEvent(new Event('change'))"
    )
    assert opened.ask("document.querySelector('#count').textContent") == "10000 of 10000 accounts"
    opened.ask("document.querySelector('#q').focus()")
    opened.write("unit-00123")
    assert opened.ask("document.querySelector('#count').textContent") == "1 of 10000 accounts"
    took = opened.ask(
        "(() => {const b = performance.now(), q = document.querySelector('#q'); q.value = 'team 03';"
        "q.dispatchEvent(new Event('input')); return performance.now() - b})()"
    )
    assert took < 500
    opened.ask(
        "document.querySelector('#q').value = '', document.querySelector('#q').dispatchEvent(new Event('input'))"
    )
    opened.ask("document.querySelector('#table thead button').focus()")
    opened.press("Enter")
    first = opened.ask("document.querySelector('#table tbody td').textContent")
    assert (first, opened.ask("document.querySelector('#table th').getAttribute('aria-sort')")) == (
        "2000000000010000",
        "descending",
    )
    opened.ask("document.querySelector('#next').focus()")
    opened.press(" ")
    assert opened.ask("document.querySelector('#place').textContent") == "page 2 of 200"


CONTRAST = """
(() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const back = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const poor = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('script,noscript,.skip,option,:disabled') || !e.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(back(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) poor.add(e.tagName + '.' + e.className + ': ' + e.textContent.slice(0, 30));
  }
  return [...poor];
})()
"""


@needs_browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_can_be_read(opened: Page, tmp_path: Path, width: int, dark: bool) -> None:  # noqa: FBT001
    """Light and dark, wide and narrow: every text has a contrast of 4.5 to 1, and no table is cut off."""
    opened.wide(width, dark=dark)
    assert opened.ask(CONTRAST) == []
    assert opened.ask("document.documentElement.scrollWidth") <= width
    inner = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert opened.ask(inner) == 0
    shade = opened.ask("getComputedStyle(document.body).backgroundColor")
    assert shade == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")
    name = f"report-{width}-{'dark' if dark else 'light'}.png"
    picture = opened.picture(tmp_path / name)
    assert picture.startswith(b"\x89PNG")
    if PICTURES:
        shutil.copy(tmp_path / name, PICTURES)


@needs_browser
def test_it_has_landmarks_and_names(opened: Page) -> None:
    """One main landmark and heading; sections, tables and controls are named; what is found is announced."""
    count = "document.querySelectorAll('{}').length"
    assert [opened.ask(count.format(one)) for one in ("main", "h1", "header", "nav", "footer")] == [1] * 5
    assert opened.ask(count.format("section:not([aria-labelledby]):not([aria-label])")) == 0
    assert opened.ask(count.format(".scroll:not([aria-label]), .scroll:not([tabindex])")) == 0
    assert opened.ask("[...document.querySelectorAll('input, select')].filter(e => !e.labels.length).length") == 0
    assert opened.ask("[...document.querySelectorAll('th')].filter(e => !e.scope).length") == 0
    assert opened.ask("document.querySelector('#count').getAttribute('aria-live')") == "polite"
    assert opened.ask("document.documentElement.lang") == "en"


@needs_browser
def test_it_can_be_printed(opened: Page) -> None:
    """On paper there are more rows than on one screen, and no controls."""
    opened.wide(1280)
    data = opened.send("Page.printToPDF", landscape=True)["data"]
    assert len(data) > 50_000
    opened.ask("dispatchEvent(new Event('beforeprint'))")
    assert opened.ask("document.querySelectorAll('#table tbody tr').length") == 1001
    opened.ask("dispatchEvent(new Event('afterprint'))")
    assert opened.ask("document.querySelectorAll('#table tbody tr').length") == 50


@pytest.mark.skipif(PROGRAM is not None, reason="chromium is installed")
def test_a_missing_browser_is_noticed_in_ci() -> None:
    """Where everything must be proven, the browser must be there."""
    assert not os.environ.get("CI"), "apt-get install chromium"
