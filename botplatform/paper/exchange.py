"""The exchange as a whole: engine, store, market makers, klines and tapes, and the step that moves the market.

Every request and every step is one `changing()` block: what the engine changed is written in one transaction
before the answer is sent and before the streams tell of it. An exchange that cannot write, or that fails in the
middle of a change, is broken: it answers nothing but errors and stops, and starts again from what was written.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from botplatform.paper import clock, errors
from botplatform.paper.accounts import Account, Key, random_key
from botplatform.paper.candles import KEPT, MINUTE, Candles
from botplatform.paper.engine import Engine
from botplatform.paper.errors import Refusal
from botplatform.paper.ledger import Changes
from botplatform.paper.market_maker import CandleMaker, Fill, LiveMaker, MarketMaker
from botplatform.paper.markets import MARKETS, Market
from botplatform.paper.money import ZERO, nearest
from botplatform.paper.orders import Order, Print, Wanted
from botplatform.paper.past import Older
from botplatform.paper.path import SeededPath, read_candles
from botplatform.paper.store import Store
from botplatform.paper.tape import Aggregate, Tape

STEP = 0.25
SAVE_EVERY = 20  # steps: klines are saved every five seconds
POSITION_EVERY = 4  # steps: while nobody trades, the path's position is saved once a second

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says. `candles` are `FILE` or `SYMBOL=FILE`."""

    folder: Path
    port: int
    control: Path
    speed: float = 60.0
    seed: int = 7
    step: bool = False
    candles: tuple[str, ...] = ()
    fill: Fill = "through"
    history_minutes: int = 1440
    past_days: int = 0


def symbol_of(name: str) -> str:
    """The market that a candle file is for: `BTCUSDT-1m-2024-01.csv` says so itself, else BTCUSDT."""
    prefix = Path(name).name.split("-", maxsplit=1)[0].upper()
    return prefix if prefix in MARKETS else "BTCUSDT"


class Exchange:
    """Raises FolderInUse, OSError or ValueError (with a sentence for the person) when it cannot start."""

    def __init__(self, options: Options, markets: dict[str, Market] | None = None) -> None:
        self.options = options
        self.markets = markets or MARKETS
        self.store = Store(options.folder)
        self.engine = Engine(self.markets, lambda symbol: self.makers[symbol].path.price)
        self.tapes = {symbol: Tape() for symbol in self.markets}
        self.steps = 0
        self.broken: asyncio.Event = asyncio.Event()
        self.tell: Callable[[str, list[Print], list[Aggregate]], None] = lambda *_: None
        self.tell_accounts: Callable[[Changes], None] = lambda _: None
        self.key_deleted: Callable[[str], None] = lambda _: None
        self.keys: dict[str, Key] = {key.key: key for key in self.store.api_keys()}
        self._due = 0.0
        self.bar_seconds = 60.0
        self.makers: dict[str, MarketMaker] = self._makers()
        self._restore_accounts()
        self._restore_positions()
        self.candles = {symbol: self._candles(symbol) for symbol in self.markets}
        mistakes = self.audit()
        if mistakes:
            raise ValueError(f"The books in {options.folder} do not add up: {mistakes[0]}.")
        with self.changing():
            for maker in self.makers.values():
                maker.quote()

    # Starting

    def _makers(self) -> dict[str, MarketMaker]:
        makers: dict[str, MarketMaker] = {}
        for entry in self.options.candles:
            symbol, _, name = entry.rpartition("=")
            symbol = symbol.upper() or symbol_of(name)
            if symbol not in self.markets:
                raise ValueError(f"--candles {entry}: there is no market {symbol}; use {', '.join(self.markets)}.")
            path, self.bar_seconds = read_candles(Path(name), self.markets[symbol])
            makers[symbol] = CandleMaker(self.engine, self.markets[symbol], path, self.options.fill)
        for symbol, market in self.markets.items():
            if symbol not in makers:
                seeded = SeededPath(market, self.options.seed, self.options.speed * STEP)
                makers[symbol] = LiveMaker(self.engine, market, seeded, self.options.seed)
        return makers

    def _restore_accounts(self) -> None:
        self.engine.accounts.update(self.store.accounts())
        for account, asset, balance in self.store.balances():
            self.engine.accounts[account].balances[asset] = balance
        for (symbol, kind), upto in self.store.reserved().items():
            ids = self.engine.ids[symbol, kind]
            ids.next = ids.reserved = upto
        for order in self.store.open_orders():
            self.engine.restore(order)

    def _restore_positions(self) -> None:
        for symbol, position in self.store.positions().items():
            kind, _, state = position.partition(" ")
            if kind == self.makers[symbol].path.kind:
                self.makers[symbol].path.restore(state)

    def _candles(self, symbol: str) -> Candles:
        now = clock.now()
        path = self.makers[symbol].path
        past = self.store.candles(symbol, now - KEPT * MINUTE, now + MINUTE)
        if not past and isinstance(path, SeededPath) and path.index == 0 and self.options.history_minutes:
            past = path.history(self.options.history_minutes, self.options.speed, now)
            self.store.save_candles(symbol, past, now)
        days = self.options.past_days if isinstance(path, SeededPath) else 0
        older = Older(self.store, self.markets[symbol], seed=self.options.seed, days=days)
        candles = Candles(symbol, path.price, now, older)
        candles.load(past)
        candles.roll(now)
        return candles

    # Changing

    @contextmanager
    def changing(self) -> Iterator[Engine]:
        """Everything inside is written as one, also when it ends with a Refusal."""
        if self.broken.is_set():
            raise errors.unknown_error()
        try:
            yield self.engine
        except Refusal:
            self._commit()
            raise
        except Exception:
            log.exception("Broken in the middle of a change; stopping without writing it.")
            self.broken.set()
            raise
        self._commit()

    def _commit(self, *, with_positions: bool = False) -> None:
        changes = self.engine.ledger.take_changes()
        if changes.must_be_stored() or with_positions:
            positions = {symbol: f"{maker.path.kind} {maker.path.state()}" for symbol, maker in self.makers.items()}
            with self._writing():
                self.store.commit(changes, self.engine.accounts, positions)
        self._publish(changes.prints)
        if self.engine.ledger.watched:
            self.tell_accounts(changes)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """What is in memory is not in the file when this fails, so nothing may go on from it."""
        try:
            yield
        except sqlite3.Error:
            log.exception("Cannot write to %s; stopping.", self.options.folder)
            self.broken.set()
            raise errors.unknown_error() from None

    def _publish(self, prints: list[Print]) -> None:
        by_symbol: dict[str, list[Print]] = {}
        for trade in prints:
            by_symbol.setdefault(trade.symbol, []).append(trade)
            self.candles[trade.symbol].record(trade)
        for symbol, trades in by_symbol.items():
            self.tell(symbol, trades, self.tapes[symbol].record(trades))

    def place(self, account: Account, wanted: Wanted) -> Order:
        """Places an order. Raises a Refusal."""
        maker = self.makers[wanted.symbol]
        with self.changing() as engine:
            maker.before(wanted.side)
            try:
                return engine.place(account, wanted)
            finally:
                maker.after()

    def step(self) -> None:
        """The next price of every market, with all that comes of it."""
        self.steps += 1
        with self.changing() as engine:
            engine.release_held()
            for maker in self.makers.values():
                maker.step()
        if self.options.step or self.steps % POSITION_EVERY == 0:
            self._commit(with_positions=True)
        if self.steps % SAVE_EVERY == 0:
            self.save_candles()

    def move(self, symbol: str, price: Decimal) -> Decimal:
        """Moves a market's reference to a price at once; answers the price on its grid."""
        market = self.markets[symbol]
        with self.changing():
            self.makers[symbol].move(nearest(price, market.tick))
        self._commit(with_positions=True)
        return self.makers[symbol].path.price

    async def run(self) -> None:
        """Steps four times a second until cancelled; a candle file goes at its own pace times the speed."""
        beat = clock.monotonic()
        while not self.broken.is_set():
            beat = max(beat + STEP, clock.monotonic())
            await asyncio.sleep(beat - clock.monotonic())
            with suppress(Refusal):
                for _ in range(self._steps_due()):
                    self.step()

    def _steps_due(self) -> int:
        if not self.options.candles:
            return 1
        self._due += self.options.speed * STEP / (self.bar_seconds / 4)
        due = int(self._due)
        self._due -= due
        return due

    @property
    def done(self) -> bool:
        """Whether every candle file is used up; false where there is none."""
        return bool(self.options.candles) and all(
            maker.path.done for maker in self.makers.values() if isinstance(maker, CandleMaker)
        )

    def save_candles(self) -> None:
        now = clock.now()
        for symbol, candles in self.candles.items():
            if candles.unsaved:
                with self._writing():
                    self.store.save_candles(symbol, candles.unsaved.values(), now)
                candles.unsaved = {}

    def close(self) -> None:
        """Writes what is not written yet. A broken exchange writes nothing more."""
        if not self.broken.is_set():
            with suppress(Refusal):
                self._commit(with_positions=True)
                self.save_candles()
        self.store.close()

    # Accounts

    def open_account(
        self,
        *,
        rights: frozenset[str],
        balances: dict[str, Decimal],
        maker: Decimal,
        taker: Decimal,
        ips: tuple[str, ...] = (),
    ) -> Key:
        """A new account with one key; reading is always allowed."""
        now = clock.now()
        account = Account(id=max(0, *self.engine.accounts) + 1, maker=maker, taker=taker)
        for asset, amount in balances.items():
            account.balance(asset).free = amount
        key = _key(account, rights, ips)
        with self._writing():
            self.store.open_account(account, key, balances, now)
        self.engine.accounts[account.id] = account
        self.keys[key.key] = key
        return key

    def add_key(self, account: Account, *, rights: frozenset[str], ips: tuple[str, ...] = ()) -> Key:
        """A further key of an account that is there."""
        key = _key(account, rights, ips)
        with self._writing():
            self.store.add_key(key)
        self.keys[key.key] = key
        return key

    def deposit(self, account: Account, asset: str, amount: Decimal) -> None:
        account.balance(asset).free += amount
        with self._writing():
            self.store.deposit(account, asset, amount, clock.now())

    def delete_key(self, key: str) -> bool:
        with self._writing():
            self.store.delete_key(key)
        known = self.keys.pop(key, None) is not None
        self.key_deleted(key)
        return known

    def audit(self) -> list[str]:
        """What does not add up: locked amounts against open orders, all balances against all deposits."""
        mistakes = []
        locked: dict[tuple[int, str], Decimal] = {}
        for orders in self.engine.open.values():
            for order in orders.values():
                market = self.markets[order.symbol]
                asset = market.quote if order.side == "BUY" else market.base
                locked[order.account, asset] = locked.get((order.account, asset), ZERO) + order.locked
        total: dict[str, Decimal] = {}
        for account in self.engine.accounts.values():
            for asset, balance in account.balances.items():
                total[asset] = total.get(asset, ZERO) + balance.free + balance.locked
                if balance.locked != locked.get((account.id, asset), ZERO):
                    mistakes.append(f"account {account.id} has {balance.locked} {asset} locked without an order")
                if account.id > 0 and min(balance.free, balance.locked) < ZERO:
                    mistakes.append(f"account {account.id} has less than nothing of {asset}")
        deposited = self.store.deposited()
        mistakes.extend(
            f"there are {amount} {asset}, but {deposited.get(asset, ZERO)} were deposited"
            for asset, amount in total.items()
            if amount != deposited.get(asset, ZERO)
        )
        return mistakes


def _key(account: Account, rights: frozenset[str], ips: tuple[str, ...]) -> Key:
    return Key(
        key=random_key(),
        secret=random_key(),
        account=account.id,
        rights=rights | {"read"},
        created=clock.now(),
        ips=ips,
    )
