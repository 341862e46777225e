"""The bot page as people see it, in a real browser. `UPDATE_SCREENS=1` renews docs/screens."""

import os
from pathlib import Path

import pytest

from tests.botplatform.dashboard import seeds

SCREENS = Path(__file__).resolve().parents[3] / "docs" / "screens"
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("bot", {"dark": False}),
        ("bot-dark", {"dark": True}),
        ("bot-phone", {"dark": True, "width": 390, "height": 844}),
    ],
)
def test_the_bot_page_draws_its_chart_and_fits_its_window(visit, owner, name, look):
    bot = seeds.lively(owner)
    visitor = visit(owner, **look)
    visitor.open(f"/bots/{bot.pk}/")
    visitor.page.wait_for_selector("#chart[data-drawn] canvas")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == visitor.page.viewport_size["width"]
    if os.environ.get("UPDATE_SCREENS") == "1":
        visitor.page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
