import asyncio
import threading
from decimal import Decimal

import pytest

from botplatform.markets.feed.publisher import Publisher
from botplatform.runner.ticks import TickListener
from tests.support.processes import wait_until


class Feed:
    """A real publisher in a thread of its own."""

    def __init__(self, path):
        self.loop = asyncio.new_event_loop()
        self.publisher = Publisher(path)
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.do(self.publisher.open())

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(5)

    def tell(self, price):
        self.loop.call_soon_threadsafe(self.publisher.tell, "paper", "BTC/USDT", price, 1_700_000_000_000)

    def end(self):
        self.do(self.publisher.close())
        self.do(asyncio.sleep(0))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


BTC = ("paper", "BTC/USDT")


@pytest.fixture
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("t") / "ticks.sock"


@pytest.fixture
def listener(path):
    made = TickListener(path)
    yield made
    made.close()


def hears(listener, price):
    def heard():
        listener.wait(0.1)
        tick = listener.last(BTC)
        return tick is not None and tick.price == Decimal(price)

    wait_until(heard, what=f"a tick at {price}")


def test_a_new_listener_is_told_the_last_price_first(path, listener):
    feed = Feed(path)
    feed.tell("100")
    hears(listener, "100")
    feed.end()


def test_a_feed_that_went_away_is_found_again(path, listener):
    feed = Feed(path)
    feed.tell("100")
    hears(listener, "100")
    feed.end()
    feed = Feed(path)
    feed.tell("101")
    hears(listener, "101")
    feed.end()


def test_an_old_tick_is_no_price(path, listener, monkeypatch):
    feed = Feed(path)
    feed.tell("100")
    hears(listener, "100")
    feed.end()
    later = listener._last[BTC].heard_at + 31
    monkeypatch.setattr("botplatform.lib.clock.monotonic", lambda: later)
    assert listener.last(BTC) is None
