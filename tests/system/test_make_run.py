"""A clean clone, `make run`, a closed deal in the browser, Ctrl-C, and the same again."""

import os
import re

import pytest

from tests.support.browser import Visitor, browser, chromium_or_skip
from tests.support.ports import free_port
from tests.support.processes import ROOT
from tests.support.whole import Whole, clean_clone

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

A_DEAL = 180  # seconds after the web answers


@pytest.fixture
def chromium():
    chromium_or_skip()
    with browser() as launched:
        yield launched


@pytest.fixture
def whole():
    made = Whole(clean_clone(), free_port())
    yield made
    made.end()


def see_a_closed_deal(whole, chromium):
    """Sign in as the terminal says, open the demo bot, and watch until a deal has closed."""
    visitor = Visitor(chromium, whole.url, dark=True, width=1400, height=1000)
    page = visitor.page
    visitor.open()
    user, password = whole.sign_in()
    page.fill("input[name=login]", user)
    page.fill("input[name=password]", password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name=re.compile("demo dca", re.IGNORECASE)).first.click()
    page.get_by_text(re.compile(r"Deal \d+ closed")).first.wait_for(timeout=A_DEAL * 1000)
    if os.environ.get("UPDATE_SCREENS"):
        page.screenshot(path=ROOT / "docs/screens/demo.png", full_page=True)
    assert visitor.complaints == []


def check_nothing_is_in_the_open(whole):
    """The password is in no log, and every file of the state folder is this user's alone."""
    _, password = whole.sign_in()
    for path in [*whole.var.rglob("*.log"), *whole.var.rglob("*.json")]:
        assert password.encode() not in path.read_bytes(), path
    open_to_others = [
        path.relative_to(whole.var)
        for path in whole.var.rglob("*")
        if not path.is_symlink() and path.stat().st_mode & 0o077 and "static" not in path.parts
    ]
    assert open_to_others == []


def test_make_run_closes_a_deal_that_one_can_see_and_leaves_nothing(whole, chromium):
    whole.start()
    first_start = whole.until_web(180)
    see_a_closed_deal(whole, chromium)
    check_nothing_is_in_the_open(whole)
    before = whole.health()
    assert before["ok"]
    assert before["deals_closed"] >= 1

    # make itself ends by the signal, as every make does; what counts is that nothing is left.
    assert whole.ctrl_c() < 10
    assert whole.left_behind() == []

    whole.start()
    second_start = whole.until_web(60)
    whole.until_healthy(60)
    after = whole.health()
    assert after["bots_running"] == before["bots_running"]
    assert after["deals_closed"] >= before["deals_closed"]
    assert after["orders_placed"] >= before["orders_placed"]
    print(f"first start {first_start:.1f} s, second {second_start:.1f} s")  # noqa: T201 - shown by pytest -s
