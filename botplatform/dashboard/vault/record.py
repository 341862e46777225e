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
    "order.lost": "an order was not answered",
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
