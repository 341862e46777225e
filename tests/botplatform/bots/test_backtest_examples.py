"""Every example of docs/backtests.md runs, and does what a reader expects of it."""

import json
import shlex
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from strategies.kinds import KINDS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "backtests.md").read_text()
COMMANDS = [line.strip() for line in PAGE.splitlines() if line.startswith("    manage.py backtest docs/")]


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)

    def act(command):
        _, name, *options = shlex.split(command)
        call_command(name, *options, "--json", stdout=StringIO())
        return json.loads(capsys.readouterr().out)

    return act


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: Path(command.split()[2]).stem)
def test_an_example_of_the_page_runs_and_trades(run, command):
    told = run(command)
    assert told["fills"]
    assert {each["market"] for each in told["fills"]} == set(told["metrics"]["market"].split(", "))
    assert not any("no deal could begin" in said for said in told["warnings"])


def test_the_page_has_every_example_and_an_example_of_every_kind():
    there = sorted((ROOT / "docs" / "examples").glob("*.json"))
    assert sorted({command.split()[2] for command in COMMANDS}) == [str(path.relative_to(ROOT)) for path in there]
    assert {json.loads(path.read_text())["kind"] for path in there} == set(KINDS)
