"""Pages that change by themselves, through a real server."""

import json
import socket
import subprocess
import time

import pytest
import requests
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from botplatform.bots.models import Bot, Deal
from tests.botplatform.dashboard import seeds
from tests.support.browser import Web

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60


class Stream:
    """Somebody who listens to a page's stream."""

    def __init__(self, web, path, user):
        client = Client()
        client.force_login(user)
        cookie = {"sessionid": client.cookies["sessionid"].value}
        self.answer = requests.get(web.address + path, cookies=cookie, stream=True, timeout=PATIENCE)
        self._lines = self.answer.iter_lines()
        self.log = web.log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()

    def until(self, part, words=""):
        """What this part is told to be, once it has these words."""
        deadline = time.monotonic() + PATIENCE
        for line in self._lines:
            assert time.monotonic() < deadline, (
                f"{part} was never told to have {words!r}; {self.log.read_text()[-3000:]}"
            )
            if line.startswith(b"data: "):
                word = json.loads(line[6:])
                if word["part"] == part and words in json.dumps(word["is"], ensure_ascii=False):
                    return word["is"]
        raise AssertionError(f"the stream ended before {part} had {words!r}")

    def rest(self):
        return list(self._lines)


class Feed:
    """Plays the feed: one listener, ticks when told."""

    def __init__(self, path):
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.settimeout(PATIENCE)
        self._listening.bind(str(path))
        self._listening.listen()
        self._path, self._peer = path, None

    def tick(self, price, at=None, symbol="BTC/USDT"):
        if self._peer is None:
            self._peer, _ = self._listening.accept()
        at = at or time.time_ns() // 1_000_000
        self._peer.sendall(
            json.dumps({"exchange": "paper", "symbol": symbol, "price": price, "at": at}).encode() + b"\n"
        )

    def close(self):
        for each in (self._peer, self._listening):
            if each is not None:
                each.close()
        self._path.unlink(missing_ok=True)


@pytest.fixture
def bot(owner):
    return seeds.lively(owner)


@pytest.fixture
def feed(served):
    playing = Feed(served.ticks_socket)
    yield playing
    playing.close()


def test_a_new_listener_is_told_everything(served, owner, bot):
    with Stream(served, f"/bots/{bot.pk}/stream", owner) as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream"
        assert "59,871.37" in stream.until("price")
        assert "Averaging 2" in stream.until("orders")
        assert stream.until("chart")["lines"]
        assert stream.until("candle")["close"] == 59871.37


def test_what_changes_in_the_database_is_told(served, owner, bot):
    with Stream(served, f"/bots/{bot.pk}/stream", owner) as stream:
        stream.until("deal", "Close at market")
        Deal.objects.filter(bot=bot, closed_at=None).update(wish=Deal.Wish.CLOSE)
        stream.until("deal", "asked, waiting for the exchange")
        Deal.objects.filter(bot=bot, closed_at=None).update(closed_at=seeds.now(), ending="closed at market")
        stream.until("deals", "closed at market")


def test_a_tick_is_told_at_once_and_the_profit_follows(served, owner, bot, feed):
    with Stream(served, f"/bots/{bot.pk}/stream", owner) as stream:
        stream.until("price", "59,871.37")
        feed.tick("60123.45")
        assert stream.until("tick")["price"] == "60123.45"
        stream.until("price", "60,123.45")


def test_a_feed_that_goes_and_comes_is_heard_again(served, owner, bot):
    with Stream(served, f"/bots/{bot.pk}/stream", owner) as stream:
        stream.until("price")
        for price in ("60001.5", "60002.5"):
            playing = Feed(served.ticks_socket)
            playing.tick(price)
            stream.until("tick", price)
            playing.close()


def test_what_is_no_tick_is_survived(served, owner, bot):
    with Stream(served, f"/bots/{bot.pk}/stream", owner) as stream:
        stream.until("price")
        playing = Feed(served.ticks_socket)
        playing.tick("none")
        playing.close()
        playing = Feed(served.ticks_socket)
        playing.tick("60003.5")
        stream.until("tick", "60003.5")
        playing.close()


def test_the_overview_is_live_too(served, owner, bot, feed):
    with Stream(served, "/stream", owner) as stream:
        stream.until("bots", "59,871.37")
        feed.tick("60200.00")
        stream.until("bots", "60,200.00")
        Bot.objects.update(enabled=False)
        stream.until("bots", "stopped")


def test_a_bot_that_is_deleted_is_gone(served, owner, bot):
    with Stream(served, f"/bots/{bot.pk}/stream", owner) as stream:
        stream.until("price")
        bot.delete()
        stream.until("gone")


@pytest.mark.parametrize("how", ["session", "shut out", "new password"])
def test_the_stream_ends_with_the_right_to_it(served, owner, bot, how):
    with Stream(served, f"/bots/{bot.pk}/stream", owner) as stream:
        stream.until("price")
        match how:
            case "session":
                Session.objects.all().delete()
            case "shut out":
                type(owner).objects.update(is_active=False)
            case "new password":
                owner.set_password("another horse battery")
                owner.save()
        stream.until("signed-out")
        assert [line for line in stream.rest() if line] == []


def test_many_listeners_share_one_look(served, owner, bot):
    from contextlib import ExitStack

    with ExitStack() as stack:
        streams = [stack.enter_context(Stream(served, f"/bots/{bot.pk}/stream", owner)) for _ in range(20)]
        for stream in streams:
            stream.until("price", "59,871.37")
        Bot.objects.update(enabled=False)
        for stream in streams:
            stream.until("state", "stopped")


def test_open_streams_end_when_the_server_stops(owner, bot):
    with Web(connection.settings_dict["NAME"]) as web, Stream(web, f"/bots/{bot.pk}/stream", owner) as stream:
        stream.until("price")
        web.process.terminate()
        try:
            web.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pytest.fail("uvicorn did not stop")
        stream.rest()
        log = web.log.read_text()
        assert "Traceback" not in log
        assert "timeout" not in log, "it waited for its grace to end"
