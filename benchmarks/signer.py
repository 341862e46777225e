"""Placing an order through the signer beside the stock ccxt call: OpenBao, ledger, audit and exchange are all real."""

import asyncio
import threading
import time
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks import stages
from benchmarks.bots import Bench, Bot, Both, Clocked
from benchmarks.document import Part
from tests.support.machine import Machine
from tests.support.postgres import Postgres, PostgresMachine, programs
from tests.vault.wire import token_headers
from vault.service.schedule import SETTLING
from vault.tokens.proofs import check_token_proof
from vault.tokens.tokens import Mint

_TURNS = 200
_RATE, _SECONDS = 100, 8  # orders a second, and for how long
_RESTING = 190  # an exchange takes 200 of one account on a market
_CLIENTS = (1, 2, 4, 8, 16)
_CLIENTS_OF_TWO = (2, 4, 8, 16, 32)
_P50, _P99, _CPU = 6, 25, 2  # milliseconds
_USUAL = {"poll_seconds": 1, "reference_seconds": 5, "recv_window": 5, "lease_seconds": 10}  # as outside of tests
_UNLIMITED = {"weight": 10_000_000, "orders": 10_000_000}


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
    where(part)
    if programs() is not None:
        with Postgres() as server:
            on_postgresql(part, server)
    part.notes += [
        "One signer a database: a second one that is started on it stops the first.",
        "Two signers have a database each on one server, and a key store each; here all share two cores with clients.",
        "Signer, OpenBao, exchange and clients share this machine; the ledger writes with `synchronous=FULL`.",
        "Before the steady rate is measured its accounts have rested for some seconds: streams open, nothing in doubt.",
        "The signer's processor time has everything in it that the process does, watching the accounts included.",
    ]
    return part


def on_postgresql(part, server):
    """One signer, then a second one beside it."""
    with PostgresMachine(server, **_USUAL) as one:
        one.paper.call("POST", "/limits", _UNLIMITED)
        bench = Bench(one)
        saturated(part, bench, "PostgreSQL")
        with PostgresMachine(server, **_USUAL) as other:
            other.paper.call("POST", "/limits", _UNLIMITED)
            saturated(part, Both(bench, Bench(other)), "two signers on PostgreSQL", _CLIENTS_OF_TWO)


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
    for bot in bots:
        bot.place()
    time.sleep(SETTLING + 2)  # private streams are open, and accounts are read at their usual pace
    bots = bench.some(16)
    before = bench.processor()
    ours = paced(bots)
    spent = bench.processor() - before
    _together(Bot.tidy, bots)
    before = time.process_time()
    theirs = asyncio.run(_paced_stock(bots))
    stock = time.process_time() - before
    rows = [
        [*_row("stock ccxt", theirs), f"{stock * 1000 / len(theirs):.2f}"],
        [*_row("the signer", ours), f"{spent * 1000 / len(ours):.2f}"],
    ]
    part.tables.append([[f"{_RATE} orders a second", "p50 ms", "p99 ms", "processor ms"], *rows])
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


def where(part):
    """Where the signer's time goes at the steady rate."""
    with Clocked(**_USUAL) as machine:
        machine.paper.call("POST", "/limits", _UNLIMITED)
        bench = Bench(machine)
        bots = bench.some(16)
        paced(bots)  # warm
        _together(Bot.tidy, bots)
        bench.some(16)
        machine.stages()
        before = bench.processor()
        orders = len(paced(bots))
        spent = machine.stages()
        everything = (bench.processor() - before) * 1000
    rows = {name: spent[name] for name in (*stages.REQUEST, *stages.LEDGER)}
    rows["the rest of the request, transactions begun and ended"] = spent[stages.WHOLE]
    rows["HTTP server, event loop, watching the accounts"] = everything - sum(rows.values())
    table = [["where the signer's processor goes, SQLite", "ms an order"]]
    table += [[name, f"{spent / orders:.2f}"] for name, spent in rows.items()]
    table.append(["**together**", f"**{everything / orders:.2f}**"])
    part.tables.append(table)


def saturated(part, bench, database, counts=_CLIENTS):
    """As fast as so many clients can, each waiting for its answer."""
    table = [[f"clients at once, {database}", "orders a second", "p50 ms", "p99 ms", "signer's processor ms"]]
    for clients in counts:
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
