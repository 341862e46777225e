"""Checking a chain, from the database or from an export: nothing else is needed but the checkpoints' public keys."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vault.audit.chain import GENESIS, OPENINGS, entry_digest
from vault.audit.checkpoints import Keys, genuine

_UNDER_WAY = timedelta(seconds=60)  # an act that was opened less than this before the last entry may still go on
_CLOSINGS = frozenset(OPENINGS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong, and at which height."""

    height: int
    what: str

    def __str__(self) -> str:
        return f"entry {self.height}: {self.what}"


@dataclass(slots=True)
class Verdict:
    height: int = 0
    digest: str = GENESIS
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)

    def found(self, height: int, what: str) -> None:
        self.findings.append(Finding(height=height, what=what))


def verify(
    entries: Iterable[Mapping[str, Any]],
    checkpoints: Iterable[Mapping[str, Any]],
    keys: Keys,
    head: tuple[int, str] | None = None,
) -> Verdict:
    """Walk over all of it once. `head`: a height and digest that are known from elsewhere to have been there."""
    verdict = Verdict()
    signed = {int(each["height"]): each for each in checkpoints}
    reached: dict[int, str] = {}  # digests at the heights that somebody vouches for
    vouched = signed.keys() | ({head[0]} if head else set())
    opened: dict[int, Mapping[str, Any]] = {}
    last_at = None
    for entry in entries:
        _link(entry, verdict)
        _closing(entry, opened, verdict)
        if verdict.height in vouched:
            reached[verdict.height] = verdict.digest
        last_at = datetime.fromisoformat(entry["at"])
    for height, entry in opened.items():
        if last_at is None or last_at - datetime.fromisoformat(entry["at"]) > _UNDER_WAY:
            verdict.found(height, f"{entry['kind']} of {entry['subject']} was never closed")
    for height, checkpoint in sorted(signed.items()):
        _checkpoint(checkpoint, reached.get(height), keys, verdict)
    if head is not None and head[0] and reached.get(head[0]) != head[1]:
        _lacking(head[0], reached.get(head[0]), "the head that is known", verdict)
    verdict.findings.sort(key=lambda each: each.height)
    return verdict


def _link(entry: Mapping[str, Any], verdict: Verdict) -> None:
    height = int(entry["height"])
    due = verdict.height + 1
    if height > due:
        missing = f"entry {due} is" if height == due + 1 else f"entries {due} to {height - 1} are"
        verdict.found(due, f"{missing} missing")
    elif not hmac.compare_digest(entry["previous"], verdict.digest):
        verdict.found(height, "it does not follow the one before")
    if not hmac.compare_digest(entry["digest"], entry_digest(entry)):
        verdict.found(height, "its words were changed")
    verdict.height, verdict.digest = height, entry["digest"]


def _closing(entry: Mapping[str, Any], opened: dict[int, Mapping[str, Any]], verdict: Verdict) -> None:
    height, kind = int(entry["height"]), entry["kind"]
    if kind in OPENINGS:
        opened[height] = entry
    if kind not in _CLOSINGS:
        return
    opening = opened.pop(entry["opens"], None) if entry["opens"] is not None else None
    if opening is None:
        verdict.found(height, f"{kind} closes no entry that was open")
    elif (OPENINGS[opening["kind"]], opening["subject"]) != (kind, entry["subject"]):
        verdict.found(height, f"{kind} closes entry {opening['height']}, which speaks of something else")


def _checkpoint(checkpoint: Mapping[str, Any], digest: str | None, keys: Keys, verdict: Verdict) -> None:
    height = int(checkpoint["height"])
    if not genuine(checkpoint, keys):
        verdict.found(height, "the checkpoint was not signed by a known key of the key store")
    elif digest != checkpoint["digest"]:
        _lacking(height, digest, f"the checkpoint of {checkpoint['at']}", verdict)
    else:
        verdict.checkpoints += 1


def _lacking(height: int, digest: str | None, witness: str, verdict: Verdict) -> None:
    if digest is not None:
        verdict.found(height, f"it is not the one that {witness} was made over")
    elif height > verdict.height:
        verdict.found(verdict.height + 1, f"the end is missing: by {witness} there were {height} entries")
    else:
        verdict.found(height, f"it is missing, and {witness} was made over it")
