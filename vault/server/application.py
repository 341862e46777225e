"""An ASGI application of one table: path, the word it takes, who may say it, what it does."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from vault.messages import passkeys as pk
from vault.messages import words
from vault.messages.answers import ErrorAnswer
from vault.messages.bodies import Receive, body_of
from vault.messages.refusals import Code, OutcomeUnknown, Refused, Retry
from vault.service import cancel, grants, keys, kills, leases, overview, passkeys, place, rotation, visits
from vault.service.identify import KeyDoor, Request
from vault.service.signer import Signer
from vault.tokens.models import EnrolledKey

log = logging.getLogger(__name__)

_RUNNER, _WEB, _PAGES = EnrolledKey.Kind.RUNNER, EnrolledKey.Kind.WEB, EnrolledKey.Kind.PAGES

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_STATUS: dict[Code, int] = {
    Code.MALFORMED: 400,
    Code.TOO_LARGE: 413,
    Code.NOT_FOUND: 404,
    Code.UNKNOWN_ORDER: 404,
    Code.UNKNOWN_KEY: 401,
    Code.BAD_PROOF: 401,
    Code.BAD_TOKEN: 401,
    Code.TOKEN_EXPIRED: 401,
    Code.PROOF_EXPIRED: 401,
    Code.PROOF_REPLAYED: 401,
    Code.VISIT_OVER: 401,
    Code.LEASE_HELD: 409,
    Code.IDENTITY_TAKEN: 409,
    Code.GENERATION_ALIVE: 409,
    Code.GENERATION_SKIPPED: 409,
    Code.WOULD_CROSS_OWN: 409,
    Code.TOO_MANY_ORDERS: 429,
    Code.TOO_MANY_EXITS: 429,
    Code.TOO_MANY_READS: 429,
    Code.TOO_MANY_REFUSED: 429,
}
_FORBIDDEN, _UNAVAILABLE = 403, 503
_LOOK_IT_UP = "The signer failed. Look the order up before anything else."


@dataclass(frozen=True, slots=True)
class ByToken:
    """An address for whoever holds a token."""

    word: Any
    act: Callable[[Signer, Request, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ByKey:
    """An address for enrolled keys of these kinds. `act` takes the key when it wants to know who."""

    word: Any
    act: Callable[..., Awaitable[Any]]
    kinds: tuple[EnrolledKey.Kind, ...]
    names_key: bool = True
    narrows: bool = False  # takes something away: a witness is told at once
    widens: bool = False  # lets somebody do more than before: not while the vault does not know its own past


@dataclass(frozen=True, slots=True)
class ByVisit:
    """An address for the pages, on behalf of whoever visits them. `act` takes the owner."""

    word: Any
    act: Callable[[Signer, UUID, Any], Awaitable[Any]]
    widens: bool = False


TABLE: dict[str, ByToken | ByKey | ByVisit] = {
    "/v1/orders/place": ByToken(words.Place, place.place),
    "/v1/orders/cancel": ByToken(words.Cancel, cancel.cancel),
    "/v1/orders/look-up": ByToken(words.Lookup, cancel.look_up),
    "/v1/balances": ByToken(words.Balances, grants.balances),
    "/v1/leases/take": ByKey(words.TakeLease, leases.take, (_RUNNER,)),
    "/v1/leases/renew": ByKey(words.RenewLease, leases.renew, (_RUNNER,)),
    "/v1/leases/release": ByKey(words.ReleaseLease, leases.release, (_RUNNER,)),
    "/v1/tokens": ByKey(words.MintToken, leases.mint, (_RUNNER,)),
    "/v1/events": ByKey(words.ReadEvents, leases.events, (_RUNNER,)),
    "/v1/grants/write": ByKey(words.WriteGrant, grants.write, (_WEB,), widens=True),
    "/v1/grants/revoke": ByKey(words.RevokeGrant, grants.revoke, (_WEB, _PAGES), narrows=True),
    "/v1/keys/announce": ByKey(words.AnnounceKey, keys.announce, (_WEB, _PAGES), names_key=False, widens=True),
    "/v1/keys/connect": ByKey(words.ConnectKey, keys.connect, (_WEB, _PAGES), names_key=False, widens=True),
    "/v1/keys/remove": ByKey(words.RemoveKey, keys.remove, (_WEB, _PAGES), names_key=False, narrows=True),
    "/v1/keys/rotate": ByKey(words.RotateKey, rotation.rotate, (_WEB, _PAGES), names_key=False, widens=True),
    "/v1/keys/rename": ByKey(words.RenameKey, keys.rename, (_WEB, _PAGES), names_key=False),
    "/v1/kills/put": ByKey(words.Kill, kills.kill, (_WEB, _PAGES), narrows=True),
    "/v1/kills/lift": ByKey(words.LiftKill, kills.lift, (_WEB,), widens=True),
    "/v1/visits/ticket": ByKey(pk.OpenTicket, visits.ticket, (_WEB,), names_key=False),
    "/v1/visits/enter": ByKey(pk.EnterByTicket, visits.enter, (_PAGES,), names_key=False),
    "/v1/visits/leave": ByVisit(pk.LeaveVisit, visits.leave),
    "/v1/visits/look": ByVisit(pk.Look, visits.look),
    "/v1/passkeys/begin-sign-in": ByKey(pk.BeginSignIn, passkeys.begin_sign_in, (_PAGES,), names_key=False),
    "/v1/passkeys/sign-in": ByKey(pk.EnterByPasskey, passkeys.sign_in, (_PAGES,), names_key=False),
    "/v1/passkeys/redeem": ByKey(pk.RedeemCode, passkeys.redeem, (_PAGES,), names_key=False),
    "/v1/passkeys/add": ByKey(pk.AddPasskey, passkeys.add, (_PAGES,), names_key=False, widens=True),
    "/v1/passkeys/begin": ByVisit(pk.Begin, passkeys.begin),
    "/v1/passkeys/confirm": ByVisit(pk.Confirm, passkeys.confirm, widens=True),
    "/v1/overview": ByKey(words.Overview, overview.overview, (_WEB, _RUNNER), names_key=False),
}


class Application:
    """Answers JSON to POSTs; `GET /v1/health` to anybody who can reach the socket."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._door = KeyDoor(signer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self._signer.database.begin()
        try:
            status, answer = await self._answer(scope, receive)
        except Refused as why:
            status = _STATUS.get(why.code, _FORBIDDEN)
            answer = ErrorAnswer(kind="refused", code=why.code, sentence=why.sentence, detail=why.detail)
        except Retry as why:
            status = _UNAVAILABLE
            answer = ErrorAnswer(kind="retry", code=why.code, sentence=why.sentence, detail=why.detail, after=why.after)
        except OutcomeUnknown as why:
            status = 500
            answer = ErrorAnswer(kind="unknown", code="outcome_unknown", sentence=_LOOK_IT_UP, detail=str(why))
        except Exception:
            # What went wrong is for the log; the caller learns only that it cannot know.
            log.exception("%s failed", scope["path"])
            status = 500
            answer = ErrorAnswer(kind="unknown", code="internal", sentence=_LOOK_IT_UP)
        finally:
            self._signer.database.end()
        body = msgspec.json.encode(answer)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Any]:
        path = scope["path"]
        if path == "/v1/health":
            health = await overview.health(self._signer)
            return (200 if health.keystore else _UNAVAILABLE), health
        row = TABLE.get(path)
        if row is None or scope["method"] != "POST":
            raise Refused(Code.NOT_FOUND, f"POST to one of: {', '.join(TABLE)}.")
        request = _request(scope, await body_of(receive))
        if isinstance(row, ByToken):
            # The word is read first, because whose token it must be stands in it; nothing is done before both fit.
            return 200, await row.act(self._signer, request, _word(row.word, request.body))
        if isinstance(row, ByVisit):
            await self._door.admit(request, _PAGES)
            owner = await visits.whose(self._signer, request.visit)
            self._allowed(row)
            answer = await row.act(self._signer, owner, _word(row.word, request.body))
            if row.widens:
                self._signer.witnessed.set()
        else:
            answer = await self._by_key(row, request)
        return 200, {} if answer is None else answer

    async def _by_key(self, row: ByKey, request: Request) -> Any:
        key = await self._door.admit(request, *row.kinds)
        word = _word(row.word, request.body)
        if key.kind == _PAGES and _WEB in row.kinds and word.owner != await visits.whose(self._signer, request.visit):
            # What the web may do for any owner, the pages do for the one who visits.
            raise Refused(Code.NOT_FOUND, "No such thing of this owner.")
        self._allowed(row)
        answer = await (row.act(self._signer, key, word) if row.names_key else row.act(self._signer, word))
        if row.narrows:
            self._signer.witnessed.set()
        return answer

    def _allowed(self, row: ByKey | ByVisit) -> None:
        """Raises Refused: what may have been taken away in a past that is lost is not given anew."""
        if row.widens:
            self._signer.standing.may_place()


def _word(form: Any, body: bytes) -> Any:
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
        raise Refused(Code.MALFORMED, str(why)[:200]) from why


def _request(scope: Scope, body: bytes) -> Request:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    return Request(
        path=scope["path"],
        body=body,
        credentials=headers.get(b"authorization", b"").decode("latin-1"),
        proof=headers.get(b"proof", b"").decode("latin-1"),
        visit=headers.get(b"visit", b"").decode("latin-1"),
    )
