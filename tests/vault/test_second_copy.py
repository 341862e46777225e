"""A second copy of the product trades with the same key: what it placed is its own, and is left alone."""

import hashlib
import hmac
import json
import time
import urllib.parse
import urllib.request
import uuid

import pytest

from tests.support.machine import Account
from tests.vault.conftest import Bot
from vault.messages.words import StopLevel

THEIRS = "bpzzzz" + "q" * 26


@pytest.fixture
def shared(machine):
    """A bot on an account on which the other copy has an order resting."""
    opened = machine.paper.open_account()
    owner = uuid.uuid4()
    credential = machine.connect(owner, opened["key"], opened["secret"])
    words = urllib.parse.urlencode(
        {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.001",
            "price": "50000",
            "newClientOrderId": THEIRS,
            "timestamp": int(time.time() * 1000),
        }
    )
    signature = hmac.new(opened["secret"].encode(), words.encode(), hashlib.sha256).hexdigest()
    request = urllib.request.Request(
        f"{machine.paper_url}/api/v3/order",
        data=f"{words}&signature={signature}".encode(),
        headers={"X-MBX-APIKEY": opened["key"]},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.load(answer)["status"] == "NEW"
    bot = Bot(machine, Account(id=opened["account"], owner=owner, credential=credential))
    yield bot
    bot.leave()


def test_a_second_copys_orders_are_not_swept(shared):
    shared.place()
    shared.cancel()
    shared.becomes("cancelled")
    shared.machine.web().kill(shared.account.owner, f"bot:{shared.grant}", StopLevel.EVERYTHING)
    (theirs,) = [order for order in shared.at_exchange() if order["clientOrderId"] == THEIRS]
    assert theirs["status"] == "NEW"
