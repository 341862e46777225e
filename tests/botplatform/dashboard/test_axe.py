"""What somebody who cannot see, hear or point would stumble over: nothing serious on the pages where bots are built."""

import pytest

from tests.botplatform.dashboard import seeds
from tests.support.axe import stumbled_over

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]
LOOKS = {"light": {}, "dark": {"dark": True}, "phone": {"dark": True, "width": 390, "height": 844}}
KINDS = ["dca", "grid", "smart", "signal", "recurring", "rebalance", "twap"]


@pytest.mark.parametrize("look", LOOKS)
def test_a_bots_page_and_its_form_are_for_everybody(visit, owner, look):
    bot = seeds.lively(owner)
    page = visit(owner, **LOOKS[look])
    for path, ready in ((f"/bots/{bot.pk}/", "#chart[data-drawn]"), (f"/bots/{bot.pk}/edit", "#builder[data-asked]")):
        page.open(path)
        page.page.locator(ready).wait_for()
        assert stumbled_over(page.page) == [], path


@pytest.mark.parametrize("kind", KINDS)
def test_every_builder_is_for_everybody(visit, owner, kind):
    seeds.account(owner)
    seeds.candles(seeds.market(), minutes=300)
    for look in LOOKS.values():
        visitor = visit(owner, **look)
        visitor.open(f"/bots/new/{kind}")
        visitor.page.locator("#builder[data-asked]").wait_for()
        assert stumbled_over(visitor.page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_way_in_and_the_account_are_for_everybody(visit, owner, look):
    seeds.account(owner)
    seeds.market()
    anonymous = visit(**LOOKS[look])
    anonymous.open("/sign-in")
    assert stumbled_over(anonymous.page) == [], "/sign-in"
    visitor = visit(owner, **LOOKS[look])
    for path in ("/bots/new", "/bots/new/guided", "/terminal/", "/account/passkeys", "/account/sessions"):
        visitor.open(path)
        assert stumbled_over(visitor.page) == [], path
