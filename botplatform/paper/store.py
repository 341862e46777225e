"""What survives a crash: one SQLite file that is written before anybody gets an answer."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from botplatform.paper.accounts import Account, Balance, Key
from botplatform.paper.candles import DAY, MINUTE, Candle
from botplatform.paper.ledger import Changes
from botplatform.paper.money import ZERO, wire
from botplatform.paper.orders import Order, Trade

_SCHEMA = """
CREATE TABLE IF NOT EXISTS positions (symbol TEXT PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reserved (symbol TEXT, kind TEXT, upto INTEGER NOT NULL, PRIMARY KEY (symbol, kind));
CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, maker TEXT NOT NULL, taker TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, secret TEXT NOT NULL, account INTEGER NOT NULL,
    rights TEXT NOT NULL, created INTEGER NOT NULL, ips TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS balances (account INTEGER, asset TEXT, free TEXT NOT NULL, locked TEXT NOT NULL,
    PRIMARY KEY (account, asset));
CREATE TABLE IF NOT EXISTS deposits (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, asset TEXT NOT NULL,
    amount TEXT NOT NULL, time INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (symbol TEXT, id INTEGER, account INTEGER NOT NULL, client_id TEXT NOT NULL,
    side TEXT NOT NULL, type TEXT NOT NULL, time_in_force TEXT NOT NULL, price TEXT NOT NULL,
    quantity TEXT NOT NULL, quote_quantity TEXT NOT NULL, executed TEXT NOT NULL, quote_done TEXT NOT NULL,
    locked TEXT NOT NULL, status TEXT NOT NULL, stp TEXT NOT NULL, time INTEGER NOT NULL,
    updated INTEGER NOT NULL, PRIMARY KEY (symbol, id));
CREATE INDEX IF NOT EXISTS orders_of_account ON orders (account, symbol, id);
CREATE INDEX IF NOT EXISTS orders_by_client_id ON orders (account, symbol, client_id, id);
CREATE INDEX IF NOT EXISTS orders_open ON orders (id) WHERE status IN ('NEW', 'PARTIALLY_FILLED');
CREATE TABLE IF NOT EXISTS trades (symbol TEXT, id INTEGER, order_id INTEGER NOT NULL, account INTEGER NOT NULL,
    price TEXT NOT NULL, quantity TEXT NOT NULL, quote TEXT NOT NULL, commission TEXT NOT NULL,
    commission_asset TEXT NOT NULL, time INTEGER NOT NULL, is_buyer INTEGER NOT NULL, is_maker INTEGER NOT NULL,
    PRIMARY KEY (symbol, id, is_buyer));
CREATE INDEX IF NOT EXISTS trades_of_account ON trades (account, symbol, id);
CREATE INDEX IF NOT EXISTS trades_of_order ON trades (symbol, order_id);
CREATE TABLE IF NOT EXISTS candles (symbol TEXT, opened INTEGER, open TEXT NOT NULL, high TEXT NOT NULL,
    low TEXT NOT NULL, close TEXT NOT NULL, volume TEXT NOT NULL, quote TEXT NOT NULL, trades INTEGER NOT NULL,
    taker_volume TEXT NOT NULL, taker_quote TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (symbol, opened)) WITHOUT ROWID;
"""


def _columns(record: type[Order | Trade | Candle]) -> list[str]:
    """The columns are named like the fields."""
    return [field.name for field in fields(record)]


_YEAR = 366 * DAY
_ORDER = _columns(Order)
_TRADE = _columns(Trade)
_CANDLE = _columns(Candle)
# With postponed annotations a field's type is its text.
_MONEY = frozenset(
    field.name for record in (Order, Trade, Candle) for field in fields(record) if field.type == "Decimal"
)


class FolderInUse(Exception):
    """Another exchange works in the folder."""


def _row(thing: Order | Trade | Candle, columns: list[str]) -> tuple[Any, ...]:
    return tuple(wire(getattr(thing, name)) if name in _MONEY else getattr(thing, name) for name in columns)


def _fields(columns: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    return {name: Decimal(value) if name in _MONEY else value for name, value in zip(columns, row, strict=True)}


def _insert(table: str, columns: list[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608


class Store:
    """The file `paper.sqlite3` in a private folder. Raises FolderInUse when another process has it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._lock = os.open(folder / "paper.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise FolderInUse(f"Another paper exchange works in {folder}.") from None
        file = folder / "paper.sqlite3"
        # Made by hand first: SQLite gives its WAL file the same mode.
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        file.chmod(0o600)
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()
        os.close(self._lock)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Writing

    def commit(self, changes: Changes, accounts: dict[int, Account], positions: dict[str, str]) -> None:
        """Writes all that a request or a step changed, in one transaction."""
        with self.transaction() as db:
            db.executemany(_insert("orders", _ORDER), [_row(order, _ORDER) for order in changes.orders])
            db.executemany(_insert("trades", _TRADE), [_row(trade, _TRADE) for trade in changes.trades])
            for account, asset in changes.balances:
                balance = accounts[account].balance(asset)
                db.execute(
                    "INSERT OR REPLACE INTO balances VALUES (?, ?, ?, ?)",
                    (account, asset, wire(balance.free), wire(balance.locked)),
                )
            for (symbol, kind), upto in changes.reserved.items():
                db.execute("INSERT OR REPLACE INTO reserved VALUES (?, ?, ?)", (symbol, kind, upto))
            db.executemany("INSERT OR REPLACE INTO positions VALUES (?, ?)", list(positions.items()))

    def open_account(self, account: Account, key: Key, deposits: dict[str, Decimal], now: int) -> None:
        """Writes an account with its first key and its first balances."""
        with self.transaction() as db:
            db.execute("INSERT INTO accounts VALUES (?, ?, ?)", (account.id, str(account.maker), str(account.taker)))
            self._add_key(db, key)
            for asset, amount in deposits.items():
                self._deposit(db, account, asset, amount, now)

    def deposit(self, account: Account, asset: str, amount: Decimal, now: int) -> None:
        """Writes a deposit and the balance that came of it."""
        with self.transaction() as db:
            self._deposit(db, account, asset, amount, now)

    def _deposit(self, db: sqlite3.Connection, account: Account, asset: str, amount: Decimal, now: int) -> None:
        balance = account.balance(asset)
        db.execute(
            "INSERT INTO deposits (account, asset, amount, time) VALUES (?, ?, ?, ?)",
            (account.id, asset, wire(amount), now),
        )
        db.execute(
            "INSERT OR REPLACE INTO balances VALUES (?, ?, ?, ?)",
            (account.id, asset, wire(balance.free), wire(balance.locked)),
        )

    def add_key(self, key: Key) -> None:
        with self.transaction() as db:
            self._add_key(db, key)

    def _add_key(self, db: sqlite3.Connection, key: Key) -> None:
        rights = ",".join(sorted(key.rights))
        row = (key.key, key.secret, key.account, rights, key.created, json.dumps(key.ips))
        db.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)", row)

    def delete_key(self, key: str) -> None:
        self._db.execute("DELETE FROM keys WHERE key = ?", (key,))

    def save_candles(self, symbol: str, candles: Iterable[Candle], now: int) -> None:
        """Writes candles and forgets those that are older than a year."""
        with self.transaction() as db:
            db.executemany(
                _insert("candles", ["symbol", *_CANDLE]),
                [(symbol, *_row(candle, _CANDLE)) for candle in candles],
            )
            db.execute("DELETE FROM candles WHERE symbol = ? AND opened < ?", (symbol, now - _YEAR))

    # Reading at the start

    def accounts(self) -> dict[int, Account]:
        return {
            row[0]: Account(id=row[0], maker=Decimal(row[1]), taker=Decimal(row[2]))
            for row in self._db.execute("SELECT id, maker, taker FROM accounts ORDER BY id")
        }

    def balances(self) -> Iterator[tuple[int, str, Balance]]:
        for account, asset, free, locked in self._db.execute("SELECT account, asset, free, locked FROM balances"):
            yield account, asset, Balance(Decimal(free), Decimal(locked))

    def api_keys(self) -> list[Key]:
        return [
            Key(
                key=key,
                secret=secret,
                account=account,
                rights=frozenset(rights.split(",")),
                created=created,
                ips=tuple(json.loads(ips)),
            )
            for key, secret, account, rights, created, ips in self._db.execute(
                "SELECT key, secret, account, rights, created, ips FROM keys"
            )
        ]

    def positions(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT symbol, state FROM positions"))

    def reserved(self) -> dict[tuple[str, str], int]:
        return {
            (symbol, kind): upto for symbol, kind, upto in self._db.execute("SELECT symbol, kind, upto FROM reserved")
        }

    def candles(self, symbol: str, start: int, end: int) -> list[Candle]:
        """Those that open from `start` to before `end`, oldest first."""
        rows = self._db.execute(
            f"SELECT {', '.join(_CANDLE)} FROM candles"  # noqa: S608 - names of ours
            " WHERE symbol = ? AND opened >= ? AND opened < ? ORDER BY opened",
            (symbol, start, end),
        )
        return [Candle(**_fields(_CANDLE, row)) for row in rows]

    def candle_before(self, symbol: str, opened: int) -> Candle | None:
        """The last one that opened before then."""
        ((found,),) = self._db.execute(
            "SELECT MAX(opened) FROM candles WHERE symbol = ? AND opened < ?", (symbol, opened)
        )
        return None if found is None else self.candles(symbol, found, found + MINUTE)[0]

    def first_candle(self, symbol: str) -> Candle | None:
        """The oldest one of this market."""
        ((opened,),) = self._db.execute("SELECT MIN(opened) FROM candles WHERE symbol = ?", (symbol,))
        return None if opened is None else self.candles(symbol, opened, opened + MINUTE)[0]

    def deposited(self) -> dict[str, Decimal]:
        """The sum of all deposits by asset: what all balances together must amount to."""
        total: dict[str, Decimal] = {}
        for asset, amount in self._db.execute("SELECT asset, amount FROM deposits"):
            total[asset] = total.get(asset, ZERO) + Decimal(amount)
        return total

    # Reading for answers

    def open_orders(self) -> list[Order]:
        """Every open order, oldest first."""
        return self._orders("status IN ('NEW', 'PARTIALLY_FILLED') ORDER BY id", ())

    def order(self, account: int, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
        """By id, else the newest with the client order id."""
        if order_id is not None:
            found = self._orders("account = ? AND symbol = ? AND id = ?", (account, symbol, order_id))
        else:
            found = self._orders(
                "account = ? AND symbol = ? AND client_id = ? ORDER BY id DESC LIMIT 1",
                (account, symbol, client_id),
            )
        return found[0] if found else None

    def orders(
        self,
        account: int,
        symbol: str | None,
        *,
        from_id: int | None = None,
        start: int | None = None,
        end: int | None = None,
        limit: int = 500,
    ) -> list[Order]:
        """As in allOrders, oldest first: the first `limit` from `from_id` or `start` on, else the newest."""
        return list(self._listed(self._orders, account, symbol, from_id=from_id, start=start, end=end, limit=limit))

    def trades(
        self,
        account: int,
        symbol: str | None,
        *,
        from_id: int | None = None,
        order_id: int | None = None,
        start: int | None = None,
        end: int | None = None,
        limit: int = 500,
    ) -> list[Trade]:
        """As in myTrades, oldest first: the first `limit` from `from_id` or `start` on, else the newest."""
        return list(
            self._listed(
                self._trades,
                account,
                symbol,
                from_id=from_id,
                order_id=order_id,
                start=start,
                end=end,
                limit=limit,
            )
        )

    def _listed(self, query: Any, account: int, symbol: str | None, *, limit: int, **bounds: int | None) -> list[Any]:
        where = ["account = ?"]
        values: list[Any] = [account]
        if symbol is not None:
            where.append("symbol = ?")
            values.append(symbol)
        conditions = {"from_id": "id >= ?", "order_id": "order_id = ?", "start": "time >= ?", "end": "time <= ?"}
        for name, value in bounds.items():
            if value is not None:
                where.append(conditions[name])
                values.append(value)
        oldest_first = bounds.get("from_id") is not None or bounds.get("start") is not None
        direction = "ASC" if oldest_first else "DESC"
        found = query(f"{' AND '.join(where)} ORDER BY id {direction}, time {direction} LIMIT ?", (*values, limit))
        return list(found) if oldest_first else list(reversed(found))

    def _orders(self, where: str, values: tuple[Any, ...]) -> list[Order]:
        rows = self._db.execute(f"SELECT {', '.join(_ORDER)} FROM orders WHERE {where}", values)  # noqa: S608
        return [Order(**_fields(_ORDER, row)) for row in rows]

    def _trades(self, where: str, values: tuple[Any, ...]) -> list[Trade]:
        rows = self._db.execute(f"SELECT {', '.join(_TRADE)} FROM trades WHERE {where}", values)  # noqa: S608
        return [Trade(**{**_fields(_TRADE, row), "is_buyer": bool(row[-2]), "is_maker": bool(row[-1])}) for row in rows]
