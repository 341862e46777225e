"""docs/threat-model.md claims nothing that no test shows."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text()
_TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
WRITTEN = {name for path in (ROOT / "tests").rglob("*.py") for name in _TEST.findall(path.read_text())}
ATTACKERS = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(test_\w+)`", PAGE))))
def test_each_test_that_is_named_is_there(named):
    assert named in WRITTEN


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_each_attacker_has_tests(attacker):
    section = PAGE.partition(f"### {attacker}\n")[2].partition("\n### ")[0]
    assert "test_" in section


def test_every_attacker_of_the_tests_is_on_the_page():
    for path in (ROOT / "tests/vault/attacks").glob("test_*.py"):
        assert any(f"`{name}`" in PAGE for name in _TEST.findall(path.read_text())), path.name
