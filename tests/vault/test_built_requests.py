"""A built request says the intent and nothing else, or it is not signed."""

import json
import urllib.request
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode, urlsplit

import ccxt
import pytest
from msgspec.structs import replace

from vault import clock
from vault.messages.refusals import Code, Refused
from vault.signing import binance
from vault.signing.outcomes import NotThere, Rejected, Unsure
from vault.signing.workshop import Response, Workshop

CLIENT_ORDER_ID = "bp0000qkvtsoewc3akmvzdcese32pf3e"


@pytest.fixture(scope="module")
def workshop(machine):
    """One that has learned the paper exchange's markets, by the exchange's own answer."""
    made = Workshop(2)
    with urllib.request.urlopen(f"{machine.paper_url}/api/v3/exchangeInfo", timeout=30) as answer:
        text = answer.read().decode()
    call = binance.markets()
    made.learn_markets(made.read(call, Response(status=200, reason="OK", text=text)))
    return made


def buy(workshop, **changed):
    terms = {"side": "buy", "order_type": "limit", "amount": Decimal("0.001"), "price": Decimal(50000)} | changed
    return binance.place(workshop, symbol="BTC/USDT", client_order_id=CLIENT_ORDER_ID, **terms)


OPERATIONS = {
    "place": buy,
    "place ioc": lambda workshop: buy(workshop, order_type="ioc", side="sell"),
    "cancel": lambda workshop: binance.cancel(workshop, symbol="BTC/USDT", client_order_id=CLIENT_ORDER_ID),
    "look up": lambda workshop: binance.look_up(workshop, symbol="BTC/USDT", client_order_id=CLIENT_ORDER_ID),
    "open orders": lambda workshop: binance.open_orders(workshop, symbol="BTC/USDT"),
    "recent orders": lambda workshop: binance.recent_orders(workshop, symbol="BTC/USDT", since=1),
    "trades": lambda workshop: binance.trades_from(workshop, symbol="BTC/USDT", trade_id=7),
    "an order's trades": lambda workshop: binance.trades_of(workshop, symbol="BTC/USDT", exchange_order_id="7"),
    "balances": lambda _: binance.balances(),
    "rights": lambda _: binance.key_rights(),
}


PLACED = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": CLIENT_ORDER_ID,
    "transactTime": 1507725176595,
    "price": "50000.00",
    "origQty": "0.00100",
    "executedQty": "0.00040",
    "cummulativeQuoteQty": "20.00",
    "status": "NEW",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
}


@pytest.mark.parametrize(
    "status",
    [*("NEW", "PENDING_NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "PENDING_CANCEL", "REJECTED"), "EXPIRED", "ODD"],
)
def test_the_answer_to_a_new_order_is_read_as_ccxt_would(workshop, status):
    answer = PLACED | {"status": status}
    mine = workshop.read(buy(workshop).reads, Response(status=200, reason="OK", text=json.dumps(answer)))
    theirs = ccxt.binance({"options": {"fetchMarkets": {"types": ["spot"]}}}).parse_order(answer)
    assert (mine["id"], mine["clientOrderId"], mine["status"]) == ("28", CLIENT_ORDER_ID, theirs["status"])
    assert Decimal(mine["filled"]) == Decimal(str(theirs["filled"]))


def test_an_answer_about_another_order_says_nothing_of_ours(workshop):
    answer = json.dumps(PLACED | {"clientOrderId": "another"})
    with pytest.raises(Unsure):
        workshop.read(buy(workshop).reads, Response(status=200, reason="OK", text=answer))


def listed(**changes):
    return PLACED | {"time": 1507725176595, "updateTime": 1507725176595, "isWorking": True} | changes


def read_open_orders(workshop, answer):
    call = binance.open_orders(workshop, symbol="BTC/USDT").reads
    return workshop.read(call, Response(status=200, reason="OK", text=json.dumps(answer)))


@pytest.mark.parametrize("status", ["NEW", "PENDING_NEW", "PARTIALLY_FILLED", "PENDING_CANCEL", "ODD"])
def test_open_orders_are_read_as_ccxt_would(workshop, status):
    answer = listed(status=status)
    (mine,) = read_open_orders(workshop, [answer])
    theirs = workshop._exchange.parse_order(answer, workshop._exchange.market("BTC/USDT"))
    words = ("id", "clientOrderId", "symbol", "side", "status")
    assert [mine[word] for word in words] == [theirs[word] for word in words]
    numbers = ("filled", "price", "amount")
    assert [Decimal(mine[number]) for number in numbers] == [Decimal(theirs[number]) for number in numbers]


def test_open_orders_of_another_market_are_passed_over(workshop):
    assert read_open_orders(workshop, [listed(symbol="ETHUSDT"), listed()])[0]["symbol"] == "BTC/USDT"
    assert read_open_orders(workshop, [listed(symbol="ETHUSDT")]) == []


@pytest.mark.parametrize("answer", [[7], "text", 7])
def test_what_is_no_list_of_orders_says_nothing_of_them(workshop, answer):
    with pytest.raises((Unsure, Rejected)):
        read_open_orders(workshop, answer)


@pytest.mark.parametrize(
    "parameters",
    [
        {"symbol": "BTCUSDT", "price": "50000.5", "timestamp": 1507725176595},
        {"text": "a b&c=d+e%", "list": "é"},
        {"yes": True, "no": False},
        {"many": ["a", "b"]},
        {"number": 1.5, "nothing": None, "empty": ""},
        {"a=b": "c"},
        {},
    ],
)
def test_a_query_is_encoded_as_ccxt_does_it(workshop, parameters):
    assert workshop._exchange.urlencode(parameters) == ccxt.binance.urlencode(parameters)


@pytest.fixture(params=OPERATIONS)
def operation(request, workshop):
    return OPERATIONS[request.param](workshop)


@pytest.fixture
def built(workshop, operation):
    return workshop.write(operation.written, "the-key")


def parameters(built):
    return parse_qsl(urlsplit(built.url).query if built.body is None else built.body, keep_blank_values=True)


def rewritten(built, pairs):
    """The request with these parameters, its signature over them."""
    rest = [(name, value) for name, value in pairs if name != "signature"]
    payload = urlencode(rest)
    text = "&".join([payload, *(urlencode([pair]) for pair in pairs if pair[0] == "signature")])
    if built.body is None:
        return replace(built, url=f"{built.url.partition('?')[0]}?{text}", payload=payload.encode())
    return replace(built, body=text, payload=payload.encode())


def is_refused(operation, built):
    with pytest.raises(Refused) as caught:
        operation.expected.check(built)
    return caught.value.code is Code.REQUEST_NOT_AS_INTENDED


# What ccxt's own methods are told besides what reads the answer.
BUILT_WITH = {
    "place": {"timeInForce": "GTC", "newOrderRespType": "RESULT"},
    "place ioc": {"timeInForce": "IOC", "newOrderRespType": "RESULT"},
    "balances": {"omitZeroBalances": "true"},
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_says_what_ccxts_own_method_would_send(workshop, monkeypatch, name):
    operation = OPERATIONS[name](workshop)
    mine = workshop.write(operation.written, "the-key")
    monkeypatch.setattr(workshop._exchange, "apiKey", "the-key")
    params = {**operation.reads.params, **BUILT_WITH.get(name, {})}
    theirs = workshop.build(replace(operation.reads, params=params))
    assert (mine.method, mine.url.partition("?")[0]) == (theirs.method, theirs.url.partition("?")[0])
    assert mine.headers == theirs.headers
    passing = {"timestamp", "signature"}
    mine, theirs = ({name: value for name, value in parameters(each) if name not in passing} for each in (mine, theirs))
    assert mine == theirs


def test_what_ccxt_writes_is_what_was_meant(operation, built):
    operation.expected.check(built)
    operation.expected.check(rewritten(built, parameters(built)))


def test_ccxt_adds_nothing_of_its_own(operation, built):
    """No broker's id, no hint of ccxt; the window is ours, the time is now."""
    sent = dict(parameters(built))
    assert set(sent) == set(operation.expected.values) | {"timestamp", "recvWindow", "signature"}
    assert sent["recvWindow"] == "2000"
    assert abs(int(sent["timestamp"]) - clock.milliseconds()) < 5000
    assert set(built.headers) <= {"X-MBX-APIKEY", "Content-Type"}
    assert built.headers["X-MBX-APIKEY"] == "the-key"
    assert "ccxt" not in built.url + (built.body or "")
    assert "x-" not in sent.get("newClientOrderId", "")


def test_a_changed_parameter_is_refused(operation, built):
    pairs = parameters(built)
    for number, (name, value) in enumerate(pairs):
        if name in ("timestamp", "recvWindow"):
            continue
        for other in (value + "1", "", "1" + value, value.swapcase() if value.swapcase() != value else "x"):
            changed = [*pairs[:number], (name, other), *pairs[number + 1 :]]
            assert is_refused(operation, rewritten(built, changed)), (name, other)


def test_a_parameter_left_out_is_refused(operation, built):
    pairs = parameters(built)
    for number in range(len(pairs)):
        assert is_refused(operation, rewritten(built, pairs[:number] + pairs[number + 1 :])), pairs[number]


def test_a_doubled_parameter_is_refused(operation, built):
    pairs = parameters(built)
    for pair in pairs:
        assert is_refused(operation, rewritten(built, [pair, *pairs])), pair
        assert is_refused(operation, rewritten(built, [*pairs, (pair[0], "other")])), pair


@pytest.mark.parametrize("name", ["stopPrice", "quoteOrderQty", "address", "amount", "icebergQty", "x", ""])
def test_an_added_parameter_is_refused(operation, built, name):
    if name not in dict(parameters(built)):
        assert is_refused(operation, rewritten(built, [(name, "1"), *parameters(built)]))
        assert is_refused(operation, rewritten(built, [(name, ""), *parameters(built)]))


def test_a_parameter_in_the_query_of_a_post_is_refused(workshop):
    operation = buy(workshop)
    built = workshop.write(operation.written, "the-key")
    pairs = parameters(built)
    for number, pair in enumerate(pairs):
        beside = replace(built, url=f"{built.url}?{urlencode([pair])}")
        assert is_refused(operation, beside), pair
        moved = rewritten(built, pairs[:number] + pairs[number + 1 :])
        assert is_refused(operation, replace(moved, url=f"{built.url}?{urlencode([pair])}")), pair
    assert is_refused(operation, replace(built, url=f"{built.url}?{built.body}", body=None))
    assert is_refused(operation, replace(built, url=f"{built.url}?quantity=5"))


def test_parameters_in_the_body_of_a_get_are_refused(workshop):
    operation = OPERATIONS["look up"](workshop)
    built = workshop.write(operation.written, "the-key")
    address, _, query = built.url.partition("?")
    assert is_refused(operation, replace(built, url=address, body=query))
    assert is_refused(operation, replace(built, body=""))


@pytest.mark.parametrize(
    "url",
    [
        "https://api.binance.com/sapi/v1/capital/withdraw/apply",
        "https://api.binance.com/api/v3/order/../../../sapi/v1/capital/withdraw/apply",
        "https://api.binance.com/api/v3/order/",
        "https://api.binance.com/api/v3/order%2f",
        "https://api.binance.com.evil.example/api/v3/order",
        "https://x@api.binance.com/api/v3/order",
        "https://api.binance.com:444/api/v3/order",
        "http://api.binance.com/api/v3/order",
        "/api/v3/order",
    ],
)
def test_another_address_is_refused(workshop, url):
    operation = buy(workshop)
    assert is_refused(operation, replace(workshop.write(operation.written, "the-key"), url=url))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "post"])
def test_another_method_is_refused(workshop, method):
    operation = buy(workshop)
    assert is_refused(operation, replace(workshop.write(operation.written, "the-key"), method=method))


def test_a_signature_over_anything_else_is_refused(operation, built):
    """What is signed is what is sent: the key store signs nothing that is not looked at."""
    for payload in (None, b"", b"asset=BTC&address=x", built.payload + b"&x=1", built.payload[1:]):
        assert is_refused(operation, replace(built, payload=payload))


def test_a_further_header_is_refused(operation, built):
    assert is_refused(operation, replace(built, headers={**built.headers, "Cookie": "x"}))


def test_the_signature_takes_its_place_and_nothing_else_changes(operation, built):
    signed = built.signed("f" * 64)
    before, after = (each.url + (each.body or "") for each in (built, signed))
    assert after == before.replace(built.placeholder, "f" * 64)
    assert after.count("f" * 64) == 1
    assert after.endswith("&signature=" + "f" * 64)


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "BTCUSDT", "ABC/XYZ", "btc/usdt", ""])
def test_a_symbol_that_is_no_spot_market_is_refused(workshop, symbol):
    with pytest.raises(Refused) as caught:
        workshop.market_id(symbol)
    assert caught.value.code is Code.MARKET_NOT_GRANTED


@pytest.mark.parametrize(
    ("amount", "price", "fits"),
    [
        ("0.00001", "0.01", True),
        ("0.000011", "0.01", False),
        ("0.00001", "0.011", False),
        ("999999999999999999.00001", "999999999999999999.01", True),
        ("999999999999999999.000000000000000001", "1", False),
    ],
)
def test_only_whole_lots_and_ticks_are_on_the_grid(workshop, amount, price, fits):
    if fits:
        workshop.on_grid("BTC/USDT", Decimal(amount), Decimal(price))
        return
    with pytest.raises(Refused) as caught:
        workshop.on_grid("BTC/USDT", Decimal(amount), Decimal(price))
    assert caught.value.code is Code.OFF_THE_GRID


def test_amounts_beyond_what_floats_can_say_are_built_to_the_digit(workshop):
    operation = buy(workshop, amount=Decimal("123456789.12345"), price=Decimal("9999999.99"))
    built = workshop.write(operation.written, "the-key")
    operation.expected.check(built)
    assert dict(parameters(built))["quantity"] == "123456789.12345"


ANSWERS = {
    "a server error": (500, '{"code": -2010, "msg": "no"}', Unsure),
    "a gateway's page": (502, "<html>", Unsure),
    "a proxy's refusal": (403, "<html>", Unsure),
    "a time-out on the way": (408, "", Unsure),
    "a redirect": (302, "", Unsure),
    "no JSON": (200, "<html>", Unsure),
    "nothing": (200, "", Unsure),
    "an order without an id": (200, "{}", Unsure),
    "a list": (200, "[]", Unsure),
    "status unknown": (400, '{"code": -1007, "msg": "Timeout; execution status unknown."}', Unsure),
    "an unexpected response": (400, '{"code": -1006, "msg": "Execution status unknown."}', Unsure),
    "the same id again": (400, '{"code": -2010, "msg": "Duplicate order sent."}', Unsure),
    "no money": (400, '{"code": -2010, "msg": "Account has insufficient balance."}', Rejected),
    "a filter": (400, '{"code": -1013, "msg": "Filter failure: LOT_SIZE"}', Rejected),
    "too many requests": (429, '{"code": -1003, "msg": "Too many requests."}', Rejected),
    "too late": (400, '{"code": -1021, "msg": "Timestamp outside of the recvWindow."}', Rejected),
    "no such key": (401, '{"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}', Rejected),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_believed_as_far_as_it_goes(workshop, name):
    """Only the exchange's own words, with its code, are a refusal; all else leaves an order unknown."""
    status, text, outcome = ANSWERS[name]
    with pytest.raises(outcome):
        workshop.read(buy(workshop).reads, Response(status=status, reason="", text=text))


def test_no_such_order_is_its_own_answer(workshop):
    call = OPERATIONS["look up"](workshop).reads
    with pytest.raises(NotThere):
        workshop.read(call, Response(status=400, reason="", text='{"code": -2013, "msg": "Order does not exist."}'))


def test_ccxt_never_sees_the_secret(workshop):
    assert workshop._exchange.secret == "held by the key store"
    assert workshop._exchange.apiKey == ""
    assert isinstance(workshop._exchange, ccxt.binance)
