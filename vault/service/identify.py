"""Who is asking. What needs no database is checked first, so that noise costs little."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

import msgspec

from vault import clock
from vault.grants import grants
from vault.grants.models import Grant
from vault.kills import kills
from vault.kills.kills import Switch
from vault.messages import proofs as form
from vault.messages.refusals import Code, Refused, Retry
from vault.service.pace import Bucket
from vault.service.signer import Signer
from vault.statements import Select, Steady
from vault.tokens import leases, proofs
from vault.tokens.models import EnrolledKey
from vault.tokens.tokens import Claims

_REQUESTS_A_SECOND, _REQUESTS_AT_ONCE = 100, 500  # of one enrolled key
# The key with it, and whether the kill switch has to be asked.
_GRANT = Steady(Grant.objects.select_related("credential").annotate(kill_epoch=kills.EPOCH, kills=kills.IN_FORCE), "pk")
_PLAIN = Select(Grant.objects.all(), "pk")
_ENROLLED = Select(EnrolledKey.objects.filter(revoked_at=None), "pk")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came in."""

    path: str
    body: bytes
    credentials: str  # the Authorization header: `Key <id>` or `Token <token>`
    proof: str
    visit: str = ""  # from the pages: what the browser holds

    def presented(self, scheme: str) -> str:
        """What follows the scheme in the Authorization header. Raises Refused(BAD_PROOF)."""
        kind, _, value = self.credentials.partition(" ")
        if kind != scheme or not value or not self.proof:
            raise Refused(Code.BAD_PROOF, f"This address takes `Authorization: {scheme} ...` with a `Proof` header.")
        return value

    def __repr__(self) -> str:
        return f"<request of {self.path}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a request is not pickled")


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """A token and its proof, both genuine; whether they still count is the database's to say."""

    claims: Claims
    sequence: int


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """What the database said of a bearer, in the transaction that it is still in."""

    grant: Grant
    fence: int  # the shard's present one
    until: datetime  # when its lease ends, unless it is renewed
    switch: Switch


class KeyDoor:
    """Lets enrolled keys in. Remembers each proof's id until it is too old to be used again."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._used: dict[str, int] = {}
        self._forgotten_at = 0
        self._pace = Bucket(_REQUESTS_A_SECOND, _REQUESTS_AT_ONCE)

    async def admit(self, request: Request, *kinds: EnrolledKey.Kind) -> EnrolledKey:
        """The enrolled key that made this request. Raises Refused, and Retry(TOO_MANY_REQUESTS)."""
        kid = request.presented("Key")
        key = await self._signer.database.run(_enrolled, kid)
        at = clock.seconds()
        with _ByAClockThatRuns(self._signer):
            claims = proofs.check_key_proof(request.proof, key.public, request.path, request.body, at=at)
        # Proofs used before a restart are forgotten, so none from before it counts.
        if claims.iat < int(self._signer.started_at.timestamp()):
            raise Refused(Code.PROOF_EXPIRED, "It was made before the signer started.")
        self._use(claims.jti, at)
        if not self._pace.take(kid):
            raise Retry(Code.TOO_MANY_REQUESTS, after=1)
        if key.kind not in kinds:
            raise Refused(Code.WRONG_KIND_OF_KEY)
        return key

    def _use(self, jti: str, at: int) -> None:
        if at != self._forgotten_at:
            self._used = {used: until for used, until in self._used.items() if until >= at}
            self._forgotten_at = at
        if jti in self._used:
            raise Refused(Code.PROOF_REPLAYED)
        self._used[jti] = at + 2 * form.WINDOW


class _ByAClockThatRuns:
    """A proof of now is not of now by a clock that stands still: that is the reason to give."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, why: BaseException | None, __: object) -> None:
        if isinstance(why, Refused) and why.code in (Code.PROOF_EXPIRED, Code.TOKEN_EXPIRED):
            self._signer.standing.clock_runs()


def bearer(signer: Signer, request: Request) -> Bearer:
    """The token and proof of a request, checked as far as they go by themselves. Raises Refused."""
    token = request.presented("Token")
    at = clock.seconds()
    with _ByAClockThatRuns(signer):
        claims = signer.mint.read(token, at=at)
        proof = proofs.check_token_proof(request.proof, token, claims.cnf.jkt, request.path, request.body, at=at)
    return Bearer(claims=claims, sequence=proof.seq)


def admit(caller: Bearer, grant_id: object, *, now: datetime) -> Admission:
    """The grant that this caller may act under, now. Inside a transaction. Raises Refused.

    In this order: the right grant, the present fence of a runner that counts, a proof not used before, the grant's
    epoch and version.
    Run it under `Database.decide`: from the third step on the proof is used up, whatever is refused after it.
    """
    claims = caller.claims
    if claims.grant != grant_id:
        raise Refused(Code.WRONG_GRANT)
    lease = leases.live(claims.shard, claims.fence, now=now, holder=claims.runner)
    leases.use_sequence(lease, caller.sequence)
    found = _GRANT.first(claims.grant)
    grant = _as_told(claims, found)
    switch = Switch(epoch=found.kill_epoch or 0, in_force=found.kills)  # type: ignore[union-attr]  # annotated
    return Admission(grant=grant, fence=lease.fence, until=lease.expires_at, switch=switch)


def still_in_force(claims: Claims) -> Grant:
    """The grant, if it still is what the token says. Raises Refused."""
    return _as_told(claims, _PLAIN.first(claims.grant))


def _as_told(claims: Claims, found: Grant | None) -> Grant:
    grant = grants.unrevoked(found)
    if grant.epoch != claims.epoch:
        raise Refused(Code.GRANT_REVOKED)
    if grant.version != claims.version:
        raise Refused(Code.GRANT_CHANGED)
    if grant.shard != claims.shard:
        raise Refused(Code.HELD_BY_ANOTHER_SHARD)
    return grant


def _enrolled(kid: str) -> EnrolledKey:
    key = _ENROLLED.first(kid)
    if key is None:
        raise Refused(Code.UNKNOWN_KEY)
    return key
