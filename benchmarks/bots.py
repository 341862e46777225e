"""Bots that place orders as fast as they are told to, and the signers that they ask."""

import json
import os
import signal
import time
import uuid
from pathlib import Path

import ccxt.async_support

from benchmarks import stages
from benchmarks.turns import processor
from tests.support.machine import Account, Machine
from tests.support.processes import wait_until
from vault.messages.words import Cancel, Place


class Bench:
    """As many bots as are asked for."""

    def __init__(self, machine):
        self.machine = machine
        self.bots = []

    def some(self, count):
        while len(self.bots) < count:
            self.bots.append(Bot(self.machine))
        for bot in self.bots[:count]:
            bot.begin()
        return self.bots[:count]

    def processor(self):
        """Seconds of the processor that the signer has taken so far."""
        return processor(self.machine.signer.pid)


class Both:
    """Two signers, each with half of the bots."""

    def __init__(self, one, other):
        self._one, self._other = one, other

    def some(self, count):
        return [
            bot for pair in zip(self._one.some(count // 2), self._other.some(count // 2), strict=True) for bot in pair
        ]

    def processor(self):
        return self._one.processor() + self._other.processor()


class Bot:
    """One bot that places buys far below the market, so that they rest, and takes them off again.

    It has an account of its own, because an account may have 200 orders on a market.
    """

    def __init__(self, machine):
        self._opened = machine.paper.open_account(USDT="100000000", BTC="10")
        owner = uuid.uuid4()
        credential = machine.connect(owner, self._opened["key"], self._opened["secret"])
        account = Account(id=self._opened["account"], owner=owner, credential=credential)
        self._url = machine.paper_url
        self.grant = machine.grant(account, orders_a_minute=6000, exits_a_minute=6000)
        self._runner, self.lease = machine.runner(), None
        self.deal = uuid.uuid4()
        self.names = []

    def begin(self):
        if self.lease is not None and self.lease.live:
            self.lease.renew()
            return
        self.lease = self._runner.take_lease(f"bench-{uuid.uuid4().hex[:8]}")
        self.lease.open_grant(self.grant)

    def stock(self):
        """An unmodified ccxt with the same account's key."""
        public, private = f"{self._url}/api/v3", f"{self._url}/sapi/v1"
        return ccxt.async_support.binance(
            {
                "apiKey": self._opened["key"],
                "secret": self._opened["secret"],
                "enableRateLimit": False,
                "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
                "urls": {"api": {"public": public, "private": public, "sapi": private}},
            }
        )

    def place(self):
        self._stay()
        name = f"order-{uuid.uuid4().hex[:12]}"
        self.names.append(name)
        word = Place(
            grant=self.grant,
            deal=self.deal,
            name=name,
            generation=1,
            market="BTC/USDT",
            side="buy",
            type="limit",
            amount="0.001",
            price="50000",
        )
        answer = self.lease.place(word)
        assert answer.state == "accepted", answer

    def _stay(self):
        if self.lease.until < time.monotonic() + 5:
            self.lease.renew()

    def tidy(self):
        for name in self.names:
            self._stay()
            self.lease.cancel(Cancel(grant=self.grant, deal=self.deal, name=name, generation=1))
        self.names.clear()


class Clocked(Machine):
    """Its signer has clocks on its stages."""

    serving = ("-m", "benchmarks.stages", "serve")

    def __init__(self, **settings):
        super().__init__(**settings)
        self.env[stages.WHERE] = str(self.folder / "stages.json")

    def stages(self):
        """Milliseconds of each since the last time."""
        written = Path(self.env[stages.WHERE])
        written.unlink(missing_ok=True)
        os.kill(self.signer.pid, signal.SIGUSR1)
        wait_until(written.exists, what="the stages")
        return {stage: seconds * 1000 for stage, seconds in json.loads(written.read_text()).items()}
