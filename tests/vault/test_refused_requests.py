"""Only the typed words are taken: what is added, bent or too large is refused before anything else happens."""

import msgspec
import pytest

from tests.vault.test_refused_tokens import PLACE, ask, is_refused
from tests.vault.wire import encoded, key_headers, token_headers
from vault.client import KeyFile
from vault.messages.refusals import Code


def bent(bot, drop=(), **fields):
    """An honest order with some fields changed, added or left out."""
    word = msgspec.to_builtins(bot.word()) | fields
    return {name: value for name, value in word.items() if name not in drop}


@pytest.mark.parametrize(
    "fields",
    [
        {"quantity": "5"},
        {"params": {"recvWindow": 60000}},
        {"newClientOrderId": "x"},
        {"client_order_id": "x"},
        {"stopPrice": "1"},
        {"timestamp": 1},
        {"": ""},
        {"v": 2},
        {"v": None},
    ],
    ids=str,
)
def test_there_are_no_free_form_parameters(quiet, fields):
    is_refused(ask(quiet, word=bent(quiet, **fields)), Code.MALFORMED)


@pytest.mark.parametrize("field", ["grant", "deal", "name", "generation", "market", "side", "type", "amount", "price"])
def test_every_field_is_needed(quiet, field):
    is_refused(ask(quiet, word=bent(quiet, drop=[field])), Code.MALFORMED)


NUMBERS = [
    "NaN",
    "Infinity",
    "1e999",
    "1e-3",
    "-0",
    "-1",
    "+1",
    "0x1",
    " 1",
    "1 ",
    "1\n",
    "",
    ".",
    ".5",
    "1.",
    "01",
    "1,5",
    "1_000",
    "٣",
    "\uff11",
    "²",
    "9" * 19,
    "9" * 40,
    "9" * 400,
    "0." + "1" * 19,
    "0",
    "0.000",
    1,
    0.001,
    None,
    ["1"],
    {"1": "1"},
    True,
]


@pytest.mark.parametrize("field", ["amount", "price"])
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_a_number_that_is_not_plain_is_refused(quiet, field, number):
    is_refused(ask(quiet, word=bent(quiet, **{field: number})), Code.MALFORMED)


@pytest.mark.parametrize(
    "market",
    [
        "BTC/USDT:USDT",
        "BTCUSDT",
        "BTC/USDT\n",
        "btc/usdt",
        "BTC/USDT&side=SELL",
        "BTC%2FUSDT",
        "/",
        "BTC/",
        "BTC/USDT/ETH",
        "А/USDT",  # noqa: RUF001 - a Cyrillic letter
        "A" * 17 + "/USDT",
        "",
        7,
    ],
)
def test_a_market_in_another_form_is_refused(quiet, market):
    is_refused(ask(quiet, word=bent(quiet, market=market)), Code.MALFORMED)


@pytest.mark.parametrize("side", ["sell&x=1", "BUY", "Sell", "", "short", "buy ", None, 1, ["buy"]])
def test_a_side_in_another_form_is_refused(quiet, side):
    is_refused(ask(quiet, word=bent(quiet, side=side)), Code.MALFORMED)


@pytest.mark.parametrize("kind", ["market", "LIMIT", "stop_loss", "limit_maker", "", "limit&x=1", None])
def test_a_type_in_another_form_is_refused(quiet, kind):
    is_refused(ask(quiet, word=bent(quiet, type=kind)), Code.MALFORMED)


@pytest.mark.parametrize("name", ["", "Base", "a b", "a&b", "a\n", "ä", "a" * 41, 5])
def test_an_order_name_in_another_form_is_refused(quiet, name):
    is_refused(ask(quiet, word=bent(quiet, name=name)), Code.MALFORMED)


@pytest.mark.parametrize("generation", [0, -1, "1", 1.5, 1_000_001, 2**63, 10**30, None, True])
def test_a_generation_in_another_form_is_refused(quiet, generation):
    is_refused(ask(quiet, word=bent(quiet, generation=generation)), Code.MALFORMED)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{",
        b"\xff\xfe",
        b'{"grant": "\xff"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"\0" * 100,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_of_garbage_is_refused(quiet, body):
    token = quiet.lease._token(quiet.grant)
    is_refused(quiet.wire.post(PLACE, body, token_headers(quiet.lease, token, PLACE, body)), Code.MALFORMED)


def test_a_body_that_is_too_large_is_refused(quiet):
    body = encoded(bent(quiet)) + b" " * (64 * 1024)
    token = quiet.lease._token(quiet.grant)
    is_refused(quiet.wire.post(PLACE, body, token_headers(quiet.lease, token, PLACE, body)), Code.TOO_LARGE)


@pytest.mark.parametrize("path", ["/", "/v1/orders", "/v1/orders/place/", "/v1/withdraw", "/v1/sign", "/v1/%00"])
def test_another_address_is_refused(quiet, path):
    is_refused(quiet.wire.post(path, b"{}", {}), Code.NOT_FOUND)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_refused(quiet, method):
    body = encoded(quiet.word())
    headers = token_headers(quiet.lease, quiet.lease._token(quiet.grant), PLACE, body)
    is_refused(quiet.wire.post(PLACE, body, headers, method=method), Code.NOT_FOUND)


def test_bytes_that_are_not_http_end_the_connection_and_nothing_else(quiet):
    assert b"400" in quiet.wire.raw(b"\0\1\2 nonsense\r\n\r\n")
    quiet.wire.raw(b"POST /v1/orders/place HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
    assert quiet.machine.web().overview(None, 1).grants


def asked_with_a_key(bot, key, path, word):
    body = encoded(word)
    return bot.wire.post(path, body, key_headers(KeyFile.read(bot.machine.folder / "platform" / key), path, body))


@pytest.mark.parametrize("since", [-1, 2**63, 10**30, "0"])
def test_an_event_number_in_another_form_is_refused(quiet, since):
    word = {"shard": quiet.shard, "fence": quiet.lease.fence, "since": since}
    is_refused(asked_with_a_key(quiet, "runner.key", "/v1/events", word), Code.MALFORMED)


@pytest.mark.parametrize("fence", [0, 2**63, 10**30])
def test_a_fence_in_another_form_is_refused(quiet, fence):
    is_refused(
        asked_with_a_key(quiet, "runner.key", "/v1/leases/renew", {"shard": quiet.shard, "fence": fence}),
        Code.MALFORMED,
    )


@pytest.mark.parametrize(
    "limits",
    [
        {"order_notional": "0"},
        {"order_notional": "1e9"},
        {"order_notional": 5},
        {"markets": []},
        {"markets": ["BTC/USDT:USDT"]},
        {"sides": ["withdraw"]},
        {"types": []},
        {"withdraw": True},
    ],
    ids=str,
)
def test_a_grant_in_another_form_is_refused(quiet, limits):
    honest = {"markets": ["BTC/USDT"], "sides": ["buy"], "types": ["limit"], "order_notional": "500"}
    word = {
        "grant": str(quiet.grant),
        "owner": str(quiet.account.owner),
        "credential": str(quiet.account.credential),
        "version": 2,
        "label": "Bot",
        "limits": honest | limits,
    }
    is_refused(asked_with_a_key(quiet, "web.key", "/v1/grants/write", word), Code.MALFORMED)


@pytest.mark.parametrize("version", [0, 1, 3, 2**63, "2"])
def test_grant_versions_count_up_by_one(quiet, version):
    word = {
        "grant": str(quiet.grant),
        "owner": str(quiet.account.owner),
        "credential": str(quiet.account.credential),
        "version": version,
        "label": "Bot",
        "limits": {"markets": ["BTC/USDT"], "sides": ["buy"], "types": ["limit"], "order_notional": "500"},
    }
    is_refused(asked_with_a_key(quiet, "web.key", "/v1/grants/write", word), Code.MALFORMED)
