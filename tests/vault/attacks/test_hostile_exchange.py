"""An exchange, or somebody in its place, that says on a private stream what it likes: one subscription is all it gets."""

import asyncio
import contextlib
import json
import re
import uuid
from types import SimpleNamespace

import pytest
from aiohttp import web

from vault.messages.refusals import Code, Refused
from vault.service import streams
from vault.service.standing import Standing
from vault.signing.line import Lines
from vault.signing.outcomes import NotSent, Rejected, Unsure

KEY = "k" * 64
SUBSCRIBE = "userDataStream.subscribe.signature"
MAC = "0" * 64


class HostileExchange:
    """A WebSocket server that says what it likes; it keeps what it was told."""

    def __init__(self, *frames, redirect=None, hangs_up=False):
        self.frames, self.redirect, self.hangs_up = frames, redirect, hangs_up
        self.told, self.visits = [], 0

    async def handle(self, request):
        self.visits += 1
        if self.redirect:
            raise web.HTTPFound(self.redirect)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.told.append(json.loads((await socket.receive()).data))
        for frame in self.frames:
            await socket.send_str(frame)
        if self.hangs_up:
            await socket.ping()
            request.transport.close()
        await socket.close()
        return socket

    @contextlib.asynccontextmanager
    async def running(self):
        app = web.Application()
        app.router.add_get("/ws-api/v3", self.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.address = f"ws://127.0.0.1:{runner.addresses[0][1]}/ws-api/v3"
            yield self
        finally:
            await runner.cleanup()


class Watched:
    """A signer's key store that keeps what it was asked to sign."""

    def __init__(self):
        self.signed = []

    async def mac(self, key_name, payload):
        self.signed.append((key_name, payload))
        return MAC


async def follow(exchange, api_key=KEY):
    """What comes of following an account there: the exception, what was signed, and what was stirred."""
    lines = Lines(exchange.address, ping_seconds=5)
    await lines.open()
    keystore, stirred = Watched(), []

    async def key_of(_credential):
        return api_key

    venue = SimpleNamespace(
        lines=lines,
        budget=SimpleNamespace(slowness=1.0),
        workshop=SimpleNamespace(symbol_of={"BTCUSDT": "BTC/USDT"}.get),
    )
    signer = SimpleNamespace(
        standing=Standing(),
        keystore=keystore,
        api_key=key_of,
        followed={},
        venue=lambda _exchange: venue,
        stir=lambda _credential, market: stirred.append(market),
    )
    credential = SimpleNamespace(id=uuid.uuid4(), exchange="paper", key_name="the-key")
    try:
        with pytest.raises((Refused, Rejected, NotSent, Unsure)) as caught:
            await streams._follow(signer, credential)
    finally:
        await lines.close()
    assert signer.followed == {}, "it is not healthy any more"
    return caught.value, keystore.signed, stirred


YES = json.dumps({"id": "subscribe", "status": 200, "result": {"subscriptionId": 3}})
WISHES = (
    '{"id": "subscribe", "method": "order.place", "params": {"symbol": "BTCUSDT"}}',
    '{"method": "sign", "params": {"payload": "asset=BTC&amount=1&address=x"}}',
    '{"id": "subscribe", "status": 200, "result": {"payload": "coin=BTC"}}',
    "[[[[[[",
    '{"subscriptionId": 3, "event": {"e": "executionReport", "s": "coin=BTC&address=x", "x": "TRADE"}}',
)


async def test_an_exchange_gets_one_signature_a_connection_and_only_over_the_subscription():
    async with HostileExchange(YES, *WISHES).running() as exchange:
        _, signed, stirred = await follow(exchange)
    ((key_name, payload),) = signed
    assert key_name == "the-key"
    assert re.fullmatch(rb"apiKey=k{64}&recvWindow=\d+&timestamp=\d{13}", payload)
    (told,) = exchange.told
    assert told["method"] == SUBSCRIBE
    assert told["params"].keys() == {"apiKey", "recvWindow", "timestamp", "signature"}
    assert stirred == []


async def test_events_of_another_subscription_stir_nothing():
    event = '{"subscriptionId": %d, "event": {"e": "executionReport", "s": "BTCUSDT", "x": "TRADE"}}'
    async with HostileExchange(YES, event % 4, event % 0).running() as exchange:
        assert (await follow(exchange))[2] == []
    async with HostileExchange(YES, event % 3).running() as exchange:
        assert (await follow(exchange))[2] == ["BTC/USDT"]


async def test_a_redirect_is_not_followed_and_nothing_is_signed():
    async with HostileExchange(YES).running() as elsewhere:
        async with HostileExchange(redirect=elsewhere.address.replace("ws", "http", 1)).running() as exchange:
            why, signed, _ = await follow(exchange)
        assert isinstance(why, NotSent)
        assert (signed, elsewhere.visits) == ([], 0)


async def test_a_key_that_would_smuggle_a_parameter_is_not_signed():
    async with HostileExchange(YES).running() as exchange:
        why, signed, _ = await follow(exchange, api_key=f"{KEY}&symbol=BTCUSDT")
    assert why.code is Code.REQUEST_NOT_AS_INTENDED
    assert signed == []


async def test_a_frame_that_is_too_large_ends_the_stream():
    async with HostileExchange(YES, json.dumps({"x": "y" * 100_000})).running() as exchange:
        assert isinstance((await follow(exchange))[0], Unsure)


async def test_a_connection_that_is_gone_when_a_ping_is_to_be_answered_ends_the_stream():
    async with HostileExchange(hangs_up=True).running() as exchange:
        lines = Lines(exchange.address, ping_seconds=5)
        await lines.open()
        line = await lines.connect()
        await line.say("{}")
        async with asyncio.timeout(10):
            while line._socket.get_extra_info("peername") is not None:  # noqa: ASYNC110 - the transport tells nobody
                await asyncio.sleep(0)
        with pytest.raises(Unsure):
            await line.hear()
        await line.close()
        await lines.close()


async def test_an_address_that_is_not_opened_too_often():
    async with HostileExchange().running() as exchange:
        lines = Lines(exchange.address, ping_seconds=5)
        await lines.open()
        opened = [await lines.connect() for _ in range(30)]
        with pytest.raises(NotSent):
            await lines.connect()
        await asyncio.gather(*(line.close() for line in opened))
        await lines.close()
