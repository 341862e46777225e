"""Using the pages. A page that makes the browser complain, of its content policy or of anything else, fails."""

import pytest

from botplatform.bots.models import BotEvent, Deal
from tests.botplatform.dashboard import seeds

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]


def test_signing_in_leads_to_the_bots_and_out_again(visit, owner):
    owner.set_password("correct horse battery")
    owner.save()
    page = visit()
    page.open("/")
    page = page.page
    page.fill("#id_login", "olga")
    page.fill("#id_password", "correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_text("No bots yet").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


def test_closing_a_deal_is_confirmed_asked_and_done_only_when_it_is(visit, owner):
    bot = seeds.lively(owner)
    visitor = visit(owner)
    visitor.open(f"/bots/{bot.pk}/")
    page = visitor.page
    page.get_by_role("button", name="Close at market").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("0.00167 BTC").wait_for()
    assert "about 100.48" in dialog.inner_text()
    dialog.get_by_role("button", name="Go back").click()
    assert not Deal.objects.exclude(wish="").exists()
    page.get_by_role("button", name="Close at market").click()
    dialog.get_by_role("button", name="Sell and close").click()
    page.get_by_text("asked, waiting for the exchange").wait_for()
    Deal.objects.filter(wish="close").update(closed_at=seeds.now(), ending="closed at market", realised="-0.27")
    page.get_by_role("cell", name="closed at market").wait_for()
    page.get_by_text("No deal is open").first.wait_for()


def test_the_page_follows_its_bot_without_loading_again(visit, owner):
    bot = seeds.lively(owner)
    visitor = visit(owner)
    visitor.open(f"/bots/{bot.pk}/")
    page = visitor.page
    page.evaluate("globalThis.kept = true")
    page.locator("#chart[data-drawn]").wait_for()
    type(bot.market).objects.update(last_price="60250.75", last_price_at=seeds.now())
    page.locator("[data-part=price]", has_text="60,250.75").wait_for()
    error = seeds.note(bot, "The exchange rejected averaging order 4.", level=BotEvent.Level.ERROR)
    page.get_by_role("button", name="Dismiss").click()
    page.get_by_role("button", name="Dismiss").wait_for(state="detached")
    error.refresh_from_db()
    assert error.dismissed
    assert page.evaluate("globalThis.kept")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_keeps_the_content_policy_and_fits(visit, owner, width):
    bot = seeds.lively(owner)
    visitor = visit(owner, width=width)
    for path in ("/", "/bots/new", "/bots/new/dca", "/bots/new/guided", f"/bots/{bot.pk}/"):
        assert visitor.open(path).status == 200
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_admin_keeps_the_content_policy(visit, operator, owner):
    seeds.lively(owner)
    visitor = visit(operator)
    user = owner.pk
    for path in ("/admin/", "/admin/bots/order/", "/admin/bots/bot/", f"/admin/accounts/user/{user}/change/"):
        assert visitor.open(path).status == 200
