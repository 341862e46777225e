"""The signer's audit for people: what was asked lately, and how far the record goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_KINDS = {
    "order.place": "asked to place an order",
    "order.placed": "an order was placed",
    "order.cancel": "asked to cancel an order",
    "order.cancelled": "an order was cancelled",
    "order.refused": "an order was refused",
    "order.found": "an order was found at the exchange",
    "order.absent": "an order never reached the exchange",
    "order.lost": "an order that a lost past knew was found",
    "order.learned_late": "the end of an order was learned late",
    "grant.written": "the grant was written",
    "grant.revoked": "the grant was revoked",
    "grant.approved": "the grant was approved with a passkey",
    "token.minted": "a token was given to the runner",
}
_SHOWN = 25


def record(audit: Iterable[Mapping[str, Any]], grants: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The newest entries about one's own grants, and where the chain stands with the newest of them."""
    labels = {row["id"]: row["label"] for row in grants}
    entries = [
        {
            "at": entry["at"][:19].replace("T", " "),
            "height": entry["height"],
            "whose": labels.get(entry["subject"], ""),
            "what": _KINDS.get(entry["kind"], entry["kind"].replace(".", " ").replace("_", " ")),
        }
        for entry in audit
    ]
    newest = next(iter(audit), None)
    return {
        "entries": entries[:_SHOWN],
        "height": newest and newest["height"],
        "digest": newest and newest["digest"][:16],
        "at": newest and newest["at"][:19].replace("T", " "),
    }


def whole(record: Mapping[str, Any]) -> dict[str, Any]:
    """How far the signer's whole audit goes, and since when the key store's word for it is there."""
    checkpoint_at = record.get("checkpoint_at")
    return {
        "height": record.get("height", 0),
        "checkpoint": record.get("checkpoint", 0),
        "checkpoint_at": checkpoint_at and checkpoint_at[:19].replace("T", " "),
        "behind": record.get("height", 0) - record.get("checkpoint", 0),
    }
