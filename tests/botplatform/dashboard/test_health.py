"""What /healthz says, and that it always answers."""

import json
from datetime import timedelta

import pytest

from botplatform.bots.models import Order
from tests.botplatform.dashboard import seeds

pytestmark = pytest.mark.django_db


def board(layout, at, **states):
    entries = {
        name: {"state": state, "pid": 1, "restarts": 0, "since": at.isoformat()} for name, state in states.items()
    }
    layout.processes.write_text(json.dumps({"at": at.isoformat(), "processes": entries}))


def test_all_ready_is_ok(client, settings):
    board(settings.LAYOUT, seeds.now(), web="ready", signer="ready")
    answer = client.get("/healthz").json()
    assert answer["ok"] is True
    assert answer["processes"] == {"web": "ready", "signer": "ready"}


def test_one_that_is_not_ready_is_not_ok_but_the_web_answers(client, settings):
    board(settings.LAYOUT, seeds.now(), web="ready", signer="backoff")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["ok"]) == (200, False)


def test_an_old_board_is_not_ok(client, settings):
    board(settings.LAYOUT, seeds.now() - timedelta(seconds=11), web="ready")
    assert client.get("/healthz").json()["ok"] is False


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        "[]",
        '{"at": "x", "processes": {}}',
        '{"at": "2026-01-01", "processes": {"web": {"state": "ready"}}}',
    ],
)
def test_a_board_that_is_missing_or_broken_is_not_ok(client, settings, content):
    if content is not None:
        settings.LAYOUT.processes.write_text(content)
    assert client.get("/healthz").json()["ok"] is False


def test_it_counts_what_was_done(client, owner):
    bot = seeds.lively(owner)
    wished = seeds.order(bot.deals.get(closed_at=None), "late", "buy", "0.1", "1", Order.State.WISHED)
    Order.objects.filter(pk=wished.pk).update(client_order_id="")
    answer = client.get("/healthz").json()
    assert (answer["bots_running"], answer["deals_closed"], answer["orders_placed"]) == (1, 3, 12)
