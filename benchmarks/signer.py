"""Placing an order through the signer beside the stock ccxt call: OpenBao, ledger, audit and exchange are all real."""

import asyncio
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import ccxt.async_support

from benchmarks.document import Part
from tests.support.machine import Account, Machine
from tests.support.postgres import Postgres, PostgresMachine, programs
from tests.vault.wire import token_headers
from vault.messages.words import Cancel, Place
from vault.tokens.proofs import check_token_proof
from vault.tokens.tokens import Mint

_TURNS = 200
_RATE, _SECONDS = 100, 8  # orders a second, and for how long
_RESTING = 190  # an exchange takes 200 of one account on a market
_CLIENTS = (1, 2, 4, 8, 16)
_P50, _P99, _CPU = 6, 25, 2  # milliseconds
_USUAL = {"poll_seconds": 1, "reference_seconds": 5, "recv_window": 5}  # as outside of tests
_UNLIMITED = {"weight": 10_000_000, "orders": 10_000_000}
_TICK = os.sysconf("SC_CLK_TCK")


def measure():
    part = Part(name="signer", title="The signer")
    with Machine(**_USUAL) as machine:
        # A real exchange takes 10 orders a second of one account: here the signer is measured, not that.
        machine.paper.call("POST", "/limits", _UNLIMITED)
        bench = Bench(machine)
        one_by_one(part, bench)
        steady(part, bench)
        saturated(part, bench, "SQLite")
        tokens(part, bench)
    if programs() is not None:
        with Postgres() as server, PostgresMachine(server, **_USUAL) as machine:
            machine.paper.call("POST", "/limits", _UNLIMITED)
            saturated(part, Bench(machine), "PostgreSQL")
    part.notes.append("One signer a database: a second one that is started on it stops the first.")
    part.notes += [
        "Signer, OpenBao, exchange and clients share this machine; the ledger writes with `synchronous=FULL`.",
        "The signer's processor time has everything in it that the process does, watching the accounts included.",
    ]
    return part


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
        fields = Path(f"/proc/{self.machine.signer.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK


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


def one_by_one(part, bench):
    """The two ways in turns, nothing else going on."""
    (bot,) = bench.some(1)
    ours, theirs = [], []

    async def alternate():
        stock = bot.stock()
        try:
            await stock.load_markets()
            for turn in range(_TURNS + 10):
                began = time.perf_counter()
                order = await stock.create_order("BTC/USDT", "limit", "buy", 0.001, 50000)
                theirs.append(time.perf_counter() - began)
                await stock.cancel_order(order["id"], "BTC/USDT")
                began = time.perf_counter()
                bot.place()
                ours.append(time.perf_counter() - began)
                bot.tidy()
                if turn == 9:  # warm now
                    ours.clear()
                    theirs.clear()
        finally:
            await stock.close()

    asyncio.run(alternate())
    table = [["one order after another", "p50 ms", "p99 ms"], _row("stock ccxt", theirs), _row("the signer", ours)]
    part.tables.append(table)
    part.at_most("overhead over stock ccxt, p50", (median(ours) - median(theirs)) * 1000, _P50, " ms")


def steady(part, bench):
    """So many orders a second, counted from the moment at which each is due."""
    bots = bench.some(16)
    before = bench.processor()
    ours = paced(bots)
    spent = bench.processor() - before
    _together(Bot.tidy, bots)
    theirs = asyncio.run(_paced_stock(bots))
    rows = [_row("stock ccxt", theirs), _row("the signer", ours)]
    part.tables.append([[f"{_RATE} orders a second", "p50 ms", "p99 ms"], *rows])
    part.at_most(f"overhead at {_RATE} a second, p50", (median(ours) - median(theirs)) * 1000, _P50, " ms")
    part.at_most(f"overhead at {_RATE} a second, p99", (_p99(ours) - _p99(theirs)) * 1000, _P99, " ms")
    part.at_most("signer's processor an intent", spent * 1000 / len(ours), _CPU, " ms")


def paced(bots):
    spans, lock = [], threading.Lock()
    due = iter(range(_RATE * _SECONDS))
    began = time.perf_counter() + 0.2

    def work(bot):
        while True:
            with lock:
                turn = next(due, None)
            if turn is None:
                return
            at = began + turn / _RATE
            time.sleep(max(0, at - time.perf_counter()))
            bot.place()
            spans.append(time.perf_counter() - at)

    _together(work, bots)
    return spans


async def _paced_stock(bots):
    stocks, spans = [bot.stock() for bot in bots], []
    try:
        for stock in stocks:
            await stock.load_markets()
        began = time.perf_counter() + 0.2

        async def one(turn):
            at = began + turn / _RATE
            await asyncio.sleep(max(0, at - time.perf_counter()))
            await stocks[turn % len(stocks)].create_order("BTC/USDT", "limit", "buy", 0.001, 50000)
            spans.append(time.perf_counter() - at)

        await asyncio.gather(*(one(turn) for turn in range(_RATE * _SECONDS)))
        for stock in stocks:
            await stock.cancel_all_orders("BTC/USDT")
    finally:
        for stock in stocks:
            await stock.close()
    return spans


@dataclass(frozen=True, kw_only=True)
class Load:
    clients: int
    a_second: float
    spans: list
    processor: float  # milliseconds an order


def saturated(part, bench, database):
    """As fast as so many clients can, each waiting for its answer."""
    table = [[f"clients at once, {database}", "orders a second", "p50 ms", "p99 ms", "signer's processor ms"]]
    for clients in _CLIENTS:
        load = at_once(bench, clients)
        _, p50, p99 = _row("", load.spans)
        table.append([str(clients), f"{load.a_second:.0f}", p50, p99, f"{load.processor:.2f}"])
    part.tables.append(table)


def at_once(bench, clients, seconds=3):
    bots = bench.some(clients)
    spans = []
    before, began = bench.processor(), time.perf_counter()

    def work(bot):
        while time.perf_counter() < began + seconds and len(bot.names) < _RESTING:
            sent = time.perf_counter()
            bot.place()
            spans.append(time.perf_counter() - sent)

    _together(work, bots)
    lasted, spent = time.perf_counter() - began, bench.processor() - before
    _together(Bot.tidy, bots)
    return Load(clients=clients, a_second=len(spans) / lasted, spans=spans, processor=spent * 1000 / len(spans))


def tokens(part, bench):
    """A token is asked for over the socket; token and proof are checked here, by the signer's own code."""
    (bot,) = bench.some(1)
    spans = []
    for _ in range(_TURNS):
        bot.lease._tokens.clear()  # noqa: SLF001 - so that it asks for a new one
        began = time.perf_counter()
        bot.lease.open_grant(bot.grant)
        spans.append(time.perf_counter() - began)
        bot.lease.renew()
    token, body = bot.lease._token(bot.grant), b"{}"  # noqa: SLF001 - as a thief would have it
    headers = token_headers(bot.lease, token, "/v1/orders/place", body)
    path = bench.machine.folder / "vault/token.key"
    fresh, known = [], []
    mint = Mint.load(path)
    for _ in range(_TURNS):
        fresh.append(_checked(Mint.load(path), token, headers["Proof"], body))
        known.append(_checked(mint, token, headers["Proof"], body))
    table = [["tokens", "p50 ms", "p99 ms"], _row("minted, the whole request", spans)]
    table += [_row("token and proof checked, a token not seen before", fresh), _row("the same token again", known)]
    part.tables.append(table)
    part.at_most("a token is minted, p50", median(spans) * 1000, 2, " ms")
    part.at_most("token and proof are checked, p50", median(fresh) * 1000, 0.5, " ms")


def _checked(mint, token, proof, body):
    began, at = time.perf_counter(), int(time.time())
    claims = mint.read(token, at=at)
    check_token_proof(proof, token, claims.cnf.jkt, "/v1/orders/place", body, at=at)
    return time.perf_counter() - began


def _together(work, bots):
    failed = []

    def guarded(bot):
        try:
            work(bot)
        except Exception as why:  # noqa: BLE001 - shown by the main thread
            failed.append(why)

    threads = [threading.Thread(target=guarded, args=(bot,)) for bot in bots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _p99(spans):
    return quantiles(spans, n=100)[98]


def _row(name, spans):
    return [name, f"{median(spans) * 1000:.1f}", f"{_p99(spans) * 1000:.1f}"]
