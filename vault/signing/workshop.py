"""ccxt without the network and without the secret.

A private request is given in the exchange's own words (`Written`), and ccxt writes it: address, time, window, encoding,
headers, and where its signature goes. A public one is built by a unified method, whose `fetch` raises what was about to
be sent (as a BaseException: ccxt swallows Exception in places). Answers of both are read by a unified method, whose
`fetch` returns them. So one library writes and reads, and what happens between is ours: check, MAC, send. What is read
for each order and each second is read without it (`listed`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ccxt
import msgspec

from vault import clock
from vault.messages.money import EXACT
from vault.messages.refusals import Code, Refused
from vault.signing import listed
from vault.signing.built import Built
from vault.signing.outcomes import NotThere, Rejected, Unsure

# Binance's words for a client order id that is open already: the order did arrive, if not by this request.
_ALREADY_THERE = "Duplicate order sent"
_OK = 200
# What a query says without being encoded. RFC 3986, 2.3.
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII)
_ANSWERED_BY_AN_ORDER = frozenset({"create_order", "cancel_order", "fetch_order"})


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A unified ccxt method with its arguments."""

    method: str
    args: tuple[Any, ...] = ()
    params: Mapping[str, Any] = {}


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A private request: every parameter that is the caller's, as the exchange's documentation calls it."""

    section: str  # of the exchange's interface, by ccxt's name
    path: str
    method: str
    values: Mapping[str, str]


class Response(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Price step in quote, amount step and bounds in base, smallest notional in quote."""

    tick: Decimal
    lot: Decimal
    least: Decimal
    most: Decimal
    notional: Decimal


class _AboutToSend(BaseException):
    def __init__(self, url: str, method: str, headers: Any, body: Any) -> None:
        super().__init__()
        self.url, self.method, self.headers, self.body = url, method, dict(headers or {}), body


class _Binance(ccxt.binance):  # type: ignore[misc]  # ccxt has no types
    """Placeholder signatures, no network, numbers as strings, the vault's clock."""

    number = str

    def __init__(self, recv_window: int) -> None:
        super().__init__(
            {
                "enableRateLimit": False,
                "options": {
                    "fetchMarkets": {"types": ["spot"]},
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                    "warnOnFetchOpenOrdersWithoutSymbol": False,
                    "recvWindow": recv_window,
                    "adjustForTimeDifference": False,
                },
            }
        )
        self.secret = "held by the key store"  # noqa: S105 - what ccxt sees in place of a secret
        self.payload: bytes | None = None
        self.placeholder = ""
        self.answer: Response | None = None
        # What ccxt would look for before each request: the key comes with the request, the secret never.
        self.requiredCredentials: dict[str, bool] = {}

    @staticmethod
    def urlencode(params: Any = {}, doseq: Any = False, sort: Any = False) -> str:  # noqa: B006, FBT002 - as ccxt has it
        """As ccxt does it, at once where there is nothing to encode."""
        texts = {name: str(value) if type(value) is int else value for name, value in params.items()}
        try:
            plain = _UNRESERVED.fullmatch("".join([*texts, *texts.values()]))
        except TypeError:  # truth, lists
            plain = None
        if plain is None:
            return str(ccxt.binance.urlencode(params, doseq, sort))
        return "&".join([f"{name}={text}" for name, text in texts.items()])

    def hmac(self, request: bytes, *_: Any) -> str:
        """Where ccxt would sign: remember what, and leave a mark."""
        self.payload = request
        return self.placeholder

    def milliseconds(self) -> int:
        return clock.milliseconds()

    def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        if self.answer is None:
            raise _AboutToSend(url, method, headers, body)
        answer = self.answer
        if answer.status >= 500:  # noqa: PLR2004 - server errors: whatever they say, nobody knows
            raise ccxt.ExchangeNotAvailable(f"it answered {answer.status}")
        parsed = self.parse_json(answer.text)
        self.handle_errors(answer.status, answer.reason, url, method, {}, answer.text, parsed, {}, None)
        if answer.status >= 300 or parsed is None:  # noqa: PLR2004 - not the exchange's own words: a proxy's, perhaps
            raise ccxt.ExchangeNotAvailable(f"it answered {answer.status}")
        return parsed


class Workshop:
    """Builds requests for one exchange and reads its answers. Not for two threads at once."""

    def __init__(self, recv_window: float) -> None:
        self._exchange = _Binance(int(recv_window * 1000))

    @property
    def knows_markets(self) -> bool:
        return bool(self._exchange.markets)

    def spot_markets(self, symbols: Iterable[str]) -> list[str]:
        """Those of these symbols that the exchange has as spot markets."""
        markets = self._exchange.markets or {}
        return [symbol for symbol in symbols if symbol in markets and markets[symbol]["spot"]]

    def learn_markets(self, markets: list[Any]) -> None:
        self._exchange.set_markets(markets)

    def write(self, written: Written, api_key: str) -> Built:
        """The request as ccxt would sign it. Raises Refused(REQUEST_NOT_AS_INTENDED) where ccxt does not write it."""
        exchange = self._exchange
        exchange.payload, exchange.placeholder = None, secrets.token_hex(32)
        exchange.apiKey = api_key
        try:
            request = exchange.sign(written.path, [written.section], written.method, dict(written.values))
        except ccxt.BaseError as why:
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, str(why)) from why
        finally:
            exchange.apiKey = ""
        return Built(
            method=request["method"],
            url=request["url"],
            headers=request["headers"],
            body=request["body"],
            payload=exchange.payload,
            placeholder=exchange.placeholder,
        )

    def build(self, call: Call) -> Built:
        """What this public call would send. Raises Refused(REQUEST_NOT_AS_INTENDED) where ccxt sends nothing."""
        exchange = self._exchange
        exchange.answer = None
        try:
            getattr(exchange, call.method)(*call.args, dict(call.params))
        except _AboutToSend as sending:
            return Built(
                method=sending.method,
                url=sending.url,
                headers=sending.headers,
                body=sending.body,
                payload=None,
                placeholder="",
            )
        except ccxt.BaseError as why:
            raise Refused(Code.REQUEST_NOT_AS_INTENDED, str(why)) from why
        raise Refused(Code.REQUEST_NOT_AS_INTENDED, "nothing was about to be sent")

    def read(self, call: Call, response: Response) -> Any:
        """What the exchange answered, in ccxt's unified words. Raises Rejected, NotThere, Unsure."""
        if response.status == _OK and (known := self._at_once(call, response.text)) is not None:
            return known
        self._exchange.answer = response
        # Another account's success would turn "no such key" (-2015) into "busy".
        self._exchange.options["hasAlreadyAuthenticatedSuccessfully"] = False
        try:
            return self._called(call)
        except ccxt.OrderNotFound as why:
            raise NotThere(str(why)) from why
        except (ccxt.DDoSProtection, ccxt.RateLimitExceeded, ccxt.InvalidNonce) as why:
            raise Rejected(_told(response, why), busy=True) from why
        except ccxt.OperationFailed as why:  # network errors, and the codes that mean "status unknown"
            raise Unsure(str(why)) from why
        except ccxt.BaseError as why:
            if _ALREADY_THERE in response.text:
                raise Unsure("the exchange has an order with this id already") from why
            raise Rejected(_told(response, why)) from why
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as why:
            raise Unsure(f"an answer that cannot be read ({type(why).__name__})") from why
        finally:
            self._exchange.answer = None

    def _at_once(self, call: Call, text: str) -> Any | None:
        """What can be read without ccxt; None: anything else. Raises Unsure."""
        try:
            if call.method == "create_order":
                return self._placed(call, text)
            if call.method == "fetch_open_orders":
                return self._open(call, text)
        except msgspec.MsgspecError:
            pass  # something else: ccxt knows what it is
        return None

    def _placed(self, call: Call, text: str) -> dict[str, Any]:
        """The answer to a new order. Raises MsgspecError, Unsure."""
        order = listed.PLACED.decode(text)
        if order.client_order_id != call.params["newClientOrderId"]:
            raise Unsure("an answer about another order")
        return listed.placed(order, self._exchange.parse_order_status)

    def _open(self, call: Call, text: str) -> list[dict[str, Any]]:
        """The open orders of a market. Raises MsgspecError."""
        symbol, *_ = call.args
        market, status = self.market_id(symbol), self._exchange.parse_order_status
        return [listed.listed(each, symbol, status) for each in listed.LISTED.decode(text) if each.symbol == market]

    def _called(self, call: Call) -> Any:
        answer = getattr(self._exchange, call.method)(*call.args, dict(call.params))
        if call.method in _ANSWERED_BY_AN_ORDER and not answer["id"]:
            raise ValueError("an order without an id")
        return answer

    def market_id(self, symbol: str) -> str:
        """The exchange's own name of a spot market. Raises Refused(MARKET_NOT_GRANTED) when it has none."""
        market = self._exchange.markets.get(symbol) if self._exchange.markets else None
        if market is None or not market["spot"]:
            raise Refused(Code.MARKET_NOT_GRANTED, f"The exchange has no spot market {symbol}.")
        return str(market["id"])

    def symbol_of(self, market_id: str) -> str | None:
        """The spot market that the exchange calls by this name, if it is one."""
        named = (self._exchange.markets_by_id or {}).get(market_id, [])
        return next((str(market["symbol"]) for market in named if market["spot"]), None)

    def filters(self, symbol: str) -> Filters:
        """What the exchange asks of every order on a market. Raises Refused(MARKET_NOT_GRANTED)."""
        self.market_id(symbol)
        market = self._exchange.markets[symbol]
        step, limits = market["precision"], market["limits"]
        return Filters(
            tick=Decimal(str(step["price"])),
            lot=Decimal(str(step["amount"])),
            least=Decimal(str(limits["amount"]["min"] or 0)),
            most=Decimal(str(limits["amount"]["max"] or "Infinity")),
            notional=Decimal(str(limits["cost"]["min"] or 0)),
        )

    def on_grid(self, symbol: str, amount: Decimal, price: Decimal) -> None:
        """Raises Refused(OFF_THE_GRID) unless the price is on a tick and the amount on a lot."""
        precision = self._exchange.markets[symbol]["precision"]
        for name, value, step in (("amount", amount, precision["amount"]), ("price", price, precision["price"])):
            if step is not None and EXACT.remainder(value, Decimal(str(step))):
                raise Refused(Code.OFF_THE_GRID, f"{name}: {value} is no multiple of {step}.")


def _told(response: Response, why: Exception) -> str:
    """The exchange's own sentence where it gave one."""
    return (response.text or str(why))[:300]
