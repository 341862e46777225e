"""What an order must satisfy before anything is done: the market's filters, with Binance's refusals."""

from __future__ import annotations

from decimal import Decimal

from botplatform.paper import errors
from botplatform.paper.markets import MAX_OPEN_ORDERS, Market
from botplatform.paper.money import ZERO
from botplatform.paper.orders import Wanted

DECIMALS = 8


def check(wanted: Wanted, market: Market, reference: Decimal, open_orders: int) -> None:
    """Raises a Refusal unless the order satisfies every filter; `reference` is the price that market orders
    and the percent filter are measured by, `open_orders` what the account has open on the market."""
    if wanted.type != "MARKET":
        _check_price(wanted, market, reference)
    if wanted.quote_quantity:
        _check_precision("quoteOrderQty", wanted.quote_quantity)
        _check_notional(wanted.quote_quantity, market, at_most=True)
    else:
        _check_quantity(wanted, market)
        price = reference if wanted.type == "MARKET" else wanted.price
        _check_notional(price * wanted.quantity, market, at_most=wanted.type != "MARKET")
    if open_orders >= MAX_OPEN_ORDERS and wanted.type != "MARKET":
        raise errors.filter_failure("MAX_NUM_ORDERS")


def _check_precision(name: str, amount: Decimal) -> None:
    # By its digits: arithmetic with a number this long may fail.
    _, digits, exponent = amount.as_tuple()
    beyond = -DECIMALS - int(exponent)
    if beyond > 0 and any(digits[-beyond:]):
        raise errors.too_precise(name)


def _check_price(wanted: Wanted, market: Market, reference: Decimal) -> None:
    price = wanted.price
    _check_precision("price", price)
    if price <= ZERO:
        raise errors.invalid(-1013, "price")
    if price > market.max_price or price % market.tick:
        raise errors.filter_failure("PRICE_FILTER")
    if not market.down * reference <= price <= market.up * reference:
        raise errors.filter_failure("PERCENT_PRICE_BY_SIDE")


def _check_quantity(wanted: Wanted, market: Market) -> None:
    quantity = wanted.quantity
    _check_precision("quantity", quantity)
    if quantity <= ZERO:
        raise errors.invalid(-1013, "quantity")
    if not market.lot <= quantity <= market.max_quantity or quantity % market.lot:
        raise errors.filter_failure("LOT_SIZE")
    if wanted.type == "MARKET" and quantity > market.max_quantity / 10:
        raise errors.filter_failure("MARKET_LOT_SIZE")


def _check_notional(notional: Decimal, market: Market, *, at_most: bool) -> None:
    if notional < market.min_notional or (at_most and notional > market.max_notional):
        raise errors.filter_failure("NOTIONAL")
