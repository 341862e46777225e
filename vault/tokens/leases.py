"""Leases: one runner a shard, and a fence that tells the present one from those before."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from vault.messages.refusals import Code, Refused
from vault.statements import Select, Table
from vault.tokens.models import EnrolledKey, Lease

_LEASE = Select(Lease.objects.select_for_update(of=("self",)).annotate(revoked=F("holder__revoked_at"))[:1], "shard")
_SEEN = Select(Lease.objects.all(), "shard")
_USED = Table(Lease, "fence", "holder_id", "proof_key")  # one and the same lease, a sequence number further
WINDOW = 62  # sequence numbers that may arrive out of order, bounded by the bits of the column


def take(shard: str, holder: EnrolledKey, proof_key: str, *, now: datetime, until: datetime) -> Lease:
    """Give the shard to this holder under the next fence. Raises Refused(LEASE_HELD) while another lease lives.

    Run inside a transaction.
    """
    lease = Lease.objects.select_for_update().filter(shard=shard).first()
    if lease is None:
        return Lease.objects.create(shard=shard, fence=1, holder=holder, proof_key=proof_key, expires_at=until)
    if lease.expires_at > now:
        raise Refused(Code.LEASE_HELD, f"It runs out in {(lease.expires_at - now).total_seconds():.0f} s.")
    lease.fence += 1
    lease.holder, lease.proof_key, lease.expires_at = holder, proof_key, until
    lease.highest_sequence = lease.seen = 0
    lease.save()
    return lease


def end_all(*, now: datetime, further: int = 1) -> None:
    """Every lease is over, and its fence goes up: no token that was ever given out under one counts any more.

    `further`: by how much, where nobody knows any more how many were given out. Run inside a transaction.
    """
    for lease in Lease.objects.select_for_update():
        lease.fence += further
        lease.expires_at = now
        lease.save(update_fields=["fence", "expires_at"])


def live(shard: str, fence: int, *, now: datetime, holder: str | None = None) -> Lease:
    """The lease that this fence belongs to, for who will write it.

    Raises Refused: gone, overtaken, another's, or of a runner whose key counts no more.
    """
    found = _LEASE.first(shard)
    lease = _checked(found, fence, now=now, holder=holder)
    if lease.revoked is not None:  # type: ignore[attr-defined]  # annotated
        raise Refused(Code.UNKNOWN_KEY)
    return lease


def still_live(shard: str, fence: int, *, now: datetime, holder: str) -> None:
    """As `live`, for who only looks."""
    _checked(_SEEN.first(shard), fence, now=now, holder=holder)


def _checked(lease: Lease | None, fence: int, *, now: datetime, holder: str | None) -> Lease:
    if lease is None or fence > lease.fence:
        raise Refused(Code.LEASE_EXPIRED, "No such lease was ever given.")
    if fence < lease.fence:
        raise Refused(Code.STALE_FENCE, f"Yours is {fence}, the present one {lease.fence}.")
    if holder is not None and lease.holder_id != holder:
        raise Refused(Code.LEASE_HELD)
    if lease.expires_at <= now:
        raise Refused(Code.LEASE_EXPIRED)
    return lease


def use_sequence(lease: Lease, number: int) -> None:
    """Write down that a proof's number is used. Raises Refused(PROOF_REPLAYED) when it was, or is too old to tell."""
    mark_used(lease, number)
    _USED.save(lease)


def mark_used(lease: Lease, number: int) -> None:
    """As `use_sequence`, nothing written."""
    ahead = number - lease.highest_sequence
    if ahead > 0:
        shifted = lease.seen << ahead if ahead <= WINDOW else 0
        lease.seen = (shifted | 1) & ((1 << WINDOW) - 1)
        lease.highest_sequence = number
    else:
        bit = 1 << -ahead if -ahead < WINDOW else 0
        if not bit or lease.seen & bit:
            raise Refused(Code.PROOF_REPLAYED)
        lease.seen |= bit
