"""What a trader does in the web, with everything real behind it: signer, vault, exchange, runner, feed.

`UPDATE_SCREENS=1` renews docs/screens.
"""

import re
from itertools import count

import pytest

from tests.support.axe import stumbled_over
from tests.support.browser import Visitor, browser, chromium_or_skip
from tests.support.hands import drag
from tests.support.journeys import PASSWORD, Watched, picture

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys")]
NUMBERS = count(1)
PATIENCE = 40_000  # milliseconds: two cores, nine processes


@pytest.fixture(scope="module")
def platform():
    chromium_or_skip()
    with Watched() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(platform):
    with browser() as launched:
        yield launched


@pytest.fixture
def page(platform, chromium):
    """Somebody new who has just signed in."""
    name = f"olga{next(NUMBERS)}"
    platform.trader(name)
    visitor = Visitor(chromium, platform.address, width=1440, height=1000)
    visitor.context.set_default_timeout(PATIENCE)
    visitor.open()
    visitor.page.fill("#id_login", name)
    visitor.page.fill("#id_password", PASSWORD)
    visitor.page.get_by_role("button", name="Sign in", exact=True).click()
    visitor.page.get_by_text("No bots yet").wait_for()
    yield visitor.page
    visitor.context.close()
    assert visitor.complaints == []


def build(page, kind):
    page.goto(f"{page.url.split('/bots')[0].rstrip('/')}/bots/new/{kind}")
    page.locator("#builder[data-asked]").wait_for()
    page.locator("#builder:not([data-busy])").wait_for()


def start(page):
    """Look at the plan, and start."""
    page.get_by_role("button", name="Start…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("What the vault will allow it").wait_for()
    dialog.get_by_role("button", name="Start the bot").click()
    page.get_by_text("is made and started").wait_for()


def open_deal(page):
    page.locator("[data-part=deal]", has_text=re.compile(r"Deal #\d+")).wait_for()


def test_from_the_first_sign_in_to_a_bot_that_has_bought(page):
    page.get_by_role("link", name="Make the first bot").click()
    page.get_by_role("link", name="Three questions").click()
    picture(page, "first-run")
    page.get_by_label("Which coin?").select_option(label="BTC, paid in USDT (paper)")
    page.get_by_label("How much money may it use?").fill("1000")
    page.get_by_role("button", name="Show me the bot").click()
    page.locator("#builder[data-asked]").wait_for()
    page.get_by_role("button", name="Start…").click()
    page.get_by_role("dialog").get_by_text("It can never withdraw").wait_for()
    picture(page, "first-run-plan")
    page.get_by_role("button", name="Start the bot").click()
    page.locator(".bp-timeline", has_text="Bought").wait_for()
    open_deal(page)
    page.locator("[data-part=moves]", has_text="sells all").wait_for()
    picture(page, "first-run-running", whole=True)


def test_the_vaults_page_is_for_everybody(page):
    """With a key, a grant, a lease and a token, orders and a record on it."""
    home = page.url.rstrip("/")
    build(page, "dca")
    start(page)
    page.locator(".bp-timeline", has_text="Bought").wait_for()
    found = {}
    for scheme, width in (("light", 1440), ("dark", 1440), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1000})
        page.goto(f"{home}/vault/")
        page.get_by_text("the order was sent").first.wait_for()
        page.locator("tr", has_text="live").first.wait_for()
        picture(page, f"web-vault-{scheme}-{width}", whole=True)
        found[scheme, width] = stumbled_over(page)
    assert not any(found.values()), found


KINDS = {
    "dca": ("rung.2", 25),
    "grid": ("upper", -20),
    "smart": ("stop_loss", 15),
    "signal": ("stop_loss", 15),
    "recurring": (None, 0),
    "rebalance": (None, 0),
    "twap": (None, 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_bot_of_each_kind_is_built_dragged_and_started(page, kind):
    build(page, kind)
    handle, pixels = KINDS[kind]
    if handle is not None:
        drag(page, handle, pixels)
    picture(page, f"builder-{kind}")
    start(page)
    page.get_by_text("running", exact=True).first.wait_for()
    if kind in ("dca", "grid", "smart", "twap"):
        page.locator(".bp-timeline", has_text="Bought").wait_for()


def test_a_stop_loss_is_hit_while_one_watches(page, platform):
    build(page, "dca")
    page.get_by_label("Take profit", exact=True).fill("40")
    page.get_by_label("Stop loss", exact=True).fill("12")
    page.locator("#builder:not([data-busy])").wait_for()
    start(page)
    open_deal(page)
    page.locator("[data-part=moves]", has_text="stop loss").wait_for()
    page.evaluate("globalThis.kept = true")
    (price,) = platform.rows("select last_price from markets_market where symbol = 'BTC/USDT'")[0]
    platform.paper.set_price("BTCUSDT", str(round(float(price) * 0.85, 2)))
    page.locator("[data-part=deals]", has_text="stop loss").wait_for()
    page.get_by_text(re.compile("Deal 1 closed: -")).first.wait_for()
    assert page.evaluate("globalThis.kept"), "the page was loaded again"
    picture(page, "stop-loss", whole=True)


def test_an_edit_shows_its_difference_and_reaches_the_exchange(page):
    build(page, "dca")
    page.get_by_label("Take profit", exact=True).fill("30")
    page.locator("#builder:not([data-busy])").wait_for()
    start(page)
    page.locator("[data-part=orders]", has_text="Take profit").wait_for()
    before = page.locator("[data-part=orders] tr", has_text="Take profit").inner_text()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.locator("#builder[data-asked]").wait_for()
    page.get_by_label("Take profit", exact=True).fill("20")
    page.get_by_role("button", name="See what changes…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("cancels take-profit").wait_for()
    dialog.get_by_text("places take-profit").wait_for()
    picture(page, "edit")
    dialog.get_by_role("button", name="Also for the open deal").click()
    page.get_by_text("is changed.").wait_for()
    sells = page.locator("[data-part=orders] tr", has_text="Take profit").filter(has_text="open")
    sells.filter(has_not_text=before.split("\t")[2].split("\n")[0]).wait_for()
    page.locator(".bp-timeline", has_text="You changed its settings: take profit 30 % → 20 %").wait_for()


def test_a_deal_is_closed_at_market_and_done_only_when_the_exchange_says_so(page):
    build(page, "dca")
    page.get_by_label("Take profit", exact=True).fill("30")
    page.locator("#builder:not([data-busy])").wait_for()
    start(page)
    page.locator(".bp-timeline", has_text="Bought").wait_for()
    open_deal(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Close at market").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("are sold at the market").wait_for()
    picture(page, "close-at-market")
    dialog.get_by_role("button", name="Sell and close").click()
    page.get_by_role("cell", name="closed at market").wait_for()
    page.locator(".bp-timeline", has_text="Sold").wait_for()
    page.get_by_text("No deal is open").first.wait_for()
