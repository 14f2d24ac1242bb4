from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.advice import NEXT
from cli.main import GROUPS, VERBS, app, main
from shared.outcome import Reason
from tests.cli.console import Console, Ran
from tests.cloud import ROOT
from tests.flows.world import PROD, TEST, World

NAMES = [[verb.__name__] for verb in VERBS] + [[group, verb.__name__] for group in GROUPS for verb in GROUPS[group][1]]
WRONG = [
    ["onboard"],
    ["onboard", "10", "--local"],
    ["nonsense"],
    ["plan", "--local"],
    ["plan", PROD, "--all", "--local"],
    ["plan", "12345", "--local"],
    ["replay", "--local"],
    ["replay", "--local", "--start", "yesterday", "--end", "today"],
    ["replay", "--local", "--start", "2026-11-22T00:00:00Z"],
    ["replay", "--local", "--file", "no-such-file.json"],
    ["replay", "--local", "--dir", "events", "--after", "x"],
    ["apply", "no-such-plan.json", "--local"],
    ["apply", "config.yaml", "--local", "--yes"],
    ["apply", "events/enrol.direct.json", "--local", "--yes"],
]
CHANGES = [
    ["onboard", PROD],
    ["onboard", PROD, "--direct"],
    ["teardown", PROD],
    ["reconcile"],
    ["replay", "--apply", "--dir", "events"],
]


@pytest.fixture
def refused(cab: Console, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run ``cab`` in this process, for what ends before any work begins; nothing may have been called."""

    def run(*words: str) -> Ran:
        mark = cab.world.mark()
        monkeypatch.setattr(sys, "argv", ["cab", *words])
        monkeypatch.setenv("CAB_EMULATOR", cab.world.cloud.endpoints["control"])
        monkeypatch.chdir(ROOT)
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            logging.disable(logging.NOTSET)
        assert cab.world.calls(mark) == []
        return Ran(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.mark.parametrize("words", NAMES, ids=" ".join)
def test_help_ends_with_an_example_of_the_verb_itself(words: list[str]) -> None:
    """Each verb's --help exits 0, names the options of every verb, and shows an example that begins with the verb."""
    helped = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert helped.exit_code == 0
    assert f"Example: cab {' '.join(words)}" in helped.stdout
    assert all(option in helped.stdout for option in ("--json", "--local", "--config", "--verbose"))


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_use_exits_2_and_says_what_is_wrong(refused: Callable[..., Ran], words: list[str]) -> None:
    """A command that cannot be right exits 2, calls nothing, and with --json is one document that says why."""
    ran = refused(*words, "--json")
    assert ran.code == 2
    assert ran.json["error"]["reason"] == "wrong_use"
    assert ran.json["error"]["what"]


def test_the_first_steps_in_the_help_lead_to_protected_accounts(cab: Console) -> None:
    """Whoever does what the help alone says, on the local cloud, has both wanted accounts protected; nothing fails."""
    helped = cab("--help").out
    steps = re.findall(r"cab ([^:;]*?) --local", " ".join(helped.partition("To try it")[2].split()))
    assert steps == ["status", "bootstrap", "onboard prod-app", "reconcile", "doctor"]
    deployed: dict[str, str | None] = {"CAB_CONFIG": None}
    codes = [cab(*step.split(), *ANSWERED.get(step, ()), "--local", env=deployed).code for step in steps]
    assert codes == [0] * len(steps)
    assert all(map(cab.world.is_protected, (PROD, TEST)))


ANSWERED = {"bootstrap": ["--yes"], "onboard prod-app": ["--yes"], "reconcile": ["--yes"]}
"""What a person answers where nobody can be asked here."""


def test_wrong_use_leaves_stdout_empty_for_people(cab: Console) -> None:
    """Without --json the reason and the next step are on stderr."""
    ran = cab("plan", "--local")
    assert (ran.code, ran.out) == (2, "")
    assert "wrong use: name the accounts" in ran.err
    assert "next: cab plan --all" in ran.err


@pytest.mark.parametrize("words", CHANGES, ids=" ".join)
def test_nothing_is_changed_without_a_yes(refused: Callable[..., Ran], words: list[str]) -> None:
    """Without a terminal a change is not asked about but refused with exit 2, which names --yes."""
    ran = refused(*words, "--local")
    assert (ran.code, ran.out) == (2, "")
    assert "--yes" in ran.err


@pytest.mark.parametrize(("answer", "code", "done"), [("n", 1, False), ("", 1, False), ("y", 0, True)])
def test_a_person_is_asked_on_a_terminal(cab: Console, answer: str, code: int, done: bool) -> None:  # noqa: FBT001
    """On a terminal a change happens only after y, and what is shown there has colours."""
    ended, screen = cab.on_terminal(answer, "onboard", PROD, "--direct", "--local")
    assert (ended, cab.world.is_protected(PROD)) == (code, done)
    assert f"Enrol account {PROD} from here" in screen
    assert "\x1b[" in screen
    assert ("nothing was changed" in screen) is not done


def test_options_of_every_verb_may_come_first(cab: Console) -> None:
    """``cab --local --json plan`` is ``cab plan --local --json``."""
    assert cab("--local", "--json", "plan", PROD).json == cab("plan", PROD, "--local", "--json").json
    assert cab("--json", "config", "check").json["ok"] is True


def test_the_configuration_named_first_wins_over_the_environment(cab: Console) -> None:
    """--config beats CAB_CONFIG, before the verb as well as after it."""
    for words in (["--config", "none.yaml", "config", "check"], ["config", "check", "--config", "none.yaml"]):
        ran = cab(*words)
        assert ran.code == 1
        assert "none.yaml: cannot be read" in ran.err


def test_output_to_a_pipe_has_no_colours_and_whole_lines(cab: Console) -> None:
    """Off a terminal there is no escape sequence, and a long step stays on its line."""
    ran = cab.local("plan", PROD)
    assert "\x1b" not in ran.out + ran.err
    assert f"alias 'prod-app-{PROD}'" in next(
        line for line in ran.out.splitlines() if "register in cn-hangzhou" in line
    )


@pytest.mark.parametrize("words", [[], *NAMES], ids=" ".join)
def test_help_names_no_type_of_python(words: list[str]) -> None:
    """A flag shows no value, and whatever takes one shows a word for it, such as FILE, instead of its type."""
    helped = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).stdout
    assert helped
    assert not re.search(r"<\w+(\[\w+\])?( range)?>|bool|TEXT|None", helped), helped


def test_missing_credentials_are_explained(cab: Console) -> None:
    """Without --local and without credentials: exit 1 and two lines of what to do; the whole search on demand."""
    nowhere: dict[str, str | None] = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
    ran = cab("status", env=nowhere)
    assert ran.code == 1
    assert "no credentials of yours were found" in ran.err
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in ran.err
    assert (len(ran.err.splitlines()), "Provider" in ran.err) == (2, False)
    assert "CLIProfileCredentialsProvider" in cab("status", "--verbose", env=nowhere).err
    assert "CLIProfileCredentialsProvider" in cab("status", "--json", env=nowhere).json["error"]["detail"]


def test_the_default_credential_chain_is_used(cab: Console) -> None:
    """Without --local the key comes from the environment, and the endpoints from the configuration."""
    key = cab.world.cloud.key()
    keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret}
    endpoints = json.dumps(cab.world.cloud.endpoints)
    ran = cab("status", "--json", env={**keys, "CLOUD_ENDPOINTS": endpoints, "CAB_EMULATOR": None})
    assert ran.json["summary"]["wanted"] == 2


@pytest.mark.parametrize(("control", "code"), [(None, 2), ("http://127.0.0.1:1/_emulator", 1), ("nonsense", 2)])
def test_a_missing_emulator_is_explained(cab: Console, tmp_path: Path, control: str | None, code: int) -> None:
    """--local without a control URL is wrong use, one where nothing answers is not done; both say what to do.

    In a folder of its own: in the project's an emulator may be running.
    """
    ran = cab("status", "--local", env={"CAB_EMULATOR": control}, folder=tmp_path)
    assert ran.code == code
    assert "make emulator" in ran.err


def test_a_wrong_configuration_names_every_mistake(cab: Console, world: World) -> None:
    """A verb that needs the configuration exits 1 and lists all mistakes, with key and value."""
    world.configure(region="Hangzhou", access_role="no such role!", nonsense=1)
    ran = cab.local("status", "--json")
    assert ran.code == 1
    assert all(word in ran.json["error"]["what"] for word in ("region", "access_role", "nonsense", "Hangzhou"))


def test_verbose_logs_to_stderr_without_secrets(cab: Console, world: World) -> None:
    """What the SDKs log of a failed invocation is shown on demand, with what authenticates blotted out."""
    world.configure(functions={"prefix": "no-such-"})
    ran = cab.local("onboard", PROD, "--yes", "--verbose", "--json")
    assert "no-such-onboard" in ran.json["error"]["what"]
    assert "ERROR" in ran.err
    assert "***" in ran.err
    assert world.cloud.key().access_key_secret not in ran.err
    assert cab.local("onboard", PROD, "--yes", "--json").err == ""


def test_every_reason_has_a_next_step() -> None:
    """Whatever ends an attempt, the console knows a sentence about what to do."""
    assert set(NEXT) == set(Reason)


def test_shell_completion_knows_the_verbs(cab: Console) -> None:
    """The completion that --install-completion sets up offers the verbs."""
    ran = cab(env={"_CAB_COMPLETE": "complete_bash", "COMP_WORDS": "cab re", "COMP_CWORD": "1"})
    assert sorted(ran.out.split()) == sorted(verb.__name__ for verb in VERBS if verb.__name__.startswith("re"))
