"""Binance's WebSocket API as far as private streams need it: an account's events on a connection that signed for them.

Methods: `userDataStream.subscribe.signature`, `userDataStream.unsubscribe`, `session.subscriptions`, `ping`, `time`.
https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/user-data-stream-requests
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import WSMsgType, web

from botplatform.paper import clock, errors, faults, private_events, signatures
from botplatform.paper.accounts import Key
from botplatform.paper.connection import Connection
from botplatform.paper.errors import Refusal
from botplatform.paper.exchange import Exchange
from botplatform.paper.faults import Facts, Fault, Faults
from botplatform.paper.ledger import Changes
from botplatform.paper.limits import Limits
from botplatform.paper.params import Params

PATH = "/ws-api/v3"
PING = 20.0
LIFETIME = 24 * 60 * 60.0
_WEIGHT = 2  # of connecting, and of subscribing and unsubscribing


class Request(msgspec.Struct, kw_only=True):
    """One request frame. The id may be anything, and is sent back."""

    method: str
    id: Any = None
    params: dict[str, Any] = {}


@dataclass(slots=True, eq=False)
class Subscription:
    number: int
    key: Key


class Session(Connection):
    """One connection: whose events it gets, by the account."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        super().__init__(socket, request)
        self.subscriptions: dict[int, Subscription] = {}
        self.opened = clock.monotonic()
        self.ending: asyncio.TimerHandle | None = None
        self._next = 0

    def add(self, key: Key) -> Subscription:
        """Raises a Refusal: an account is subscribed to once a connection."""
        if key.account in self.subscriptions:
            raise errors.already_subscribed()
        made = self.subscriptions[key.account] = Subscription(self._next, key)
        self._next += 1
        return made

    def tell(self, subscription: Subscription, event: dict[str, Any]) -> None:
        self.send(msgspec.json.encode({"subscriptionId": subscription.number, "event": event}))


class PrivateHub:
    """All sessions. The exchange tells it of what changed; what faults say is done to the events here."""

    def __init__(self, exchange: Exchange, faults_: Faults, limits: Limits) -> None:
        self.exchange = exchange
        self.faults = faults_
        self.limits = limits
        self.sessions: set[Session] = set()
        self._lifetime = LIFETIME
        self._held: dict[tuple[int, str], list[dict[str, Any]]] = {}  # by account and kind: told after the next
        exchange.tell_accounts = self.on_changes
        exchange.key_deleted = self.on_key_deleted

    # Connections

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """`/ws-api/v3`: one request a text frame, until somebody hangs up or the connection's time is over."""
        try:
            self.limits.spend(request.remote or "", _WEIGHT)
        except Refusal as refusal:
            headers = {"Retry-After": str(refusal.retry_after)}
            return web.Response(body=msgspec.json.encode(refusal.body()), status=refusal.status, headers=headers)
        # Pings are answered below, or not, when a fault says so.
        socket = web.WebSocketResponse(
            heartbeat=PING, autoping=False, max_msg_size=64 * 1024, timeout=0.5, compress=False
        )
        await socket.prepare(request)
        session = Session(socket, request)
        self.sessions.add(session)
        self._end_in_time(session)
        writer = asyncio.create_task(session.write())
        try:
            async for message in socket:
                if message.type == WSMsgType.PING:
                    await self._pong(session, message.data)
                elif message.type == WSMsgType.TEXT:
                    await self._obey(session, message.data)
        finally:
            self.sessions.discard(session)
            self._watch()
            if session.ending is not None:
                session.ending.cancel()
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        return socket

    def drop(self, account: int | None = None) -> int:
        """Cuts the connections that read an account, or all; answers how many."""
        cut = [session for session in self.sessions if account is None or account in session.subscriptions]
        for session in cut:
            session.drop()
        return len(cut)

    def live_for(self, seconds: float) -> None:
        """How old a connection may become, those that are open now, too."""
        self._lifetime = seconds
        for session in self.sessions:
            self._end_in_time(session)

    def _end_in_time(self, session: Session) -> None:
        if session.ending is not None:
            session.ending.cancel()
        left = max(0.0, session.opened + self._lifetime - clock.monotonic())
        session.ending = asyncio.get_running_loop().call_later(left, session.drop)

    async def _pong(self, session: Session, data: bytes) -> None:
        accounts = [str(account) for account in session.subscriptions] or [""]
        if any(self.faults.take({"no_pong"}, "ping", {"account": account}) for account in accounts):
            return
        with suppress(ConnectionError):
            await session.socket.pong(data)

    # Requests

    async def _obey(self, session: Session, text: str) -> None:
        number: Any = None
        answer: dict[str, Any]
        ending: Callable[[], None] | None = None
        try:
            try:
                request = msgspec.json.decode(text, type=Request)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise errors.malformed_json() from None
            number = request.id
            if await self._misbehaves(session, request):
                return
            weight = _WEIGHT if request.method.startswith("userDataStream.") else 1
            self.limits.spend(session.request.remote or "", weight)
            result, ending = self._answer(session, request)
            answer = {"id": number, "status": 200, "result": result}
        except Refusal as refusal:
            answer = {"id": number, "status": refusal.status, "error": refusal.body()}
        session.send(msgspec.json.encode(answer))
        if ending is not None:
            ending()

    def _answer(self, session: Session, request: Request) -> tuple[Any, Callable[[], None] | None]:
        """The result, and what is done once it is sent. Raises a Refusal."""
        match request.method:
            case "ping":
                return {}, None
            case "time":
                return {"serverTime": clock.now()}, None
            case "session.subscriptions":
                return [{"subscriptionId": each.number} for each in session.subscriptions.values()], None
            case "userDataStream.subscribe.signature":
                made = session.add(self._signer_of(session, request.params))
                self._watch()
                return {"subscriptionId": made.number}, None
            case "userDataStream.unsubscribe":
                ended = self._named(session, request.params)
                return {}, lambda: self._terminate(session, ended)
        raise errors.unsupported()

    def _signer_of(self, session: Session, params: dict[str, Any]) -> Key:
        """Whose signature it is. Signed are the parameters in the order of their names, as they stand."""
        for name, value in params.items():
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                raise errors.missing(name)
        pairs = sorted((name, str(value)) for name, value in params.items() if name != "signature")
        read = Params(urlencode({name: str(value) for name, value in params.items()}), "")
        key = signatures.authenticate(
            self.exchange.keys,
            read.need("apiKey"),
            address=session.request.remote or "",
            query="&".join(f"{name}={value}" for name, value in pairs),
            body="",
            params=read,
        )
        read.finish()
        return key

    def _named(self, session: Session, params: dict[str, Any]) -> list[Subscription]:
        """The subscription that the parameters name, or all of them where they name none."""
        wanted = params.get("subscriptionId")
        found = [each for each in session.subscriptions.values() if wanted is None or each.number == wanted]
        if not found:
            raise errors.not_valid("subscriptionId")
        return found

    async def _misbehaves(self, session: Session, request: Request) -> bool:
        """Whether a fault that names this method took the request. Raises a Refusal."""
        key = self.exchange.keys.get(str(request.params.get("apiKey", "")))
        facts: Facts = {"account": "" if key is None else str(key.account)}
        fault = self.faults.take_named(faults.BEFORE, request.method, facts)
        if fault is None:
            return False
        if fault.do == "delay":
            await asyncio.sleep(_seconds(fault))
            return False
        if fault.do == "drop_before":
            session.drop()
            return True
        if fault.do == "hang_before":  # the request is never answered; the connection lives on
            return True
        raise fault.error()

    # Events

    def on_changes(self, changes: Changes) -> None:
        """Called by the exchange after every commit while somebody is subscribed."""
        moved: dict[int, set[str]] = {}
        for account, asset in changes.balances:
            moved.setdefault(account, set()).add(asset)
        for report in changes.reports:
            self._deliver(report.account, report.event, report.facts())
        for account in moved.keys() & self.exchange.engine.ledger.watched:
            event = private_events.position(self.exchange.engine.accounts[account], moved[account])
            self._deliver(account, event, {"account": str(account)})

    def on_key_deleted(self, key: str) -> None:
        """Called by the exchange: what was subscribed with this key ends."""
        for session in list(self.sessions):
            self._terminate(session, [each for each in session.subscriptions.values() if each.key.key == key])

    def say(self, account: int, event: dict[str, Any]) -> int:
        """Tells an account's readers something, true or not; answers how many heard it."""
        told = 0
        for session in self.sessions:
            if account in session.subscriptions:
                session.tell(session.subscriptions[account], event)
                told += 1
        return told

    def _deliver(self, account: int, event: dict[str, Any], facts: Facts) -> None:
        fault = self.faults.take(faults.EVENTS, event["e"], facts)
        held = self._held.pop((account, event["e"]), [])
        if fault is None:
            self.say(account, event)
        elif fault.do == "event_twice":
            self.say(account, event)
            self.say(account, event)
        elif fault.do == "event_late":
            loop = asyncio.get_running_loop()
            loop.call_later(_seconds(fault), self.say, account, event)
        elif fault.do == "event_after_next":
            held.append(event)
            self._held[account, event["e"]] = held
            return
        for earlier in held:
            self.say(account, earlier)

    def _terminate(self, session: Session, ended: Iterable[Subscription]) -> None:
        for subscription in ended:
            session.tell(subscription, private_events.terminated())
            session.subscriptions.pop(subscription.key.account, None)
        self._watch()

    def _watch(self) -> None:
        """Whose orders the engine reports: nothing is written down for accounts that nobody reads."""
        watched = {account for session in self.sessions for account in session.subscriptions}
        self.exchange.engine.ledger.watched = watched


def _seconds(fault: Fault) -> float:
    return 1.0 if fault.seconds is None else fault.seconds
