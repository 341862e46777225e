"""The signer's audit for people: what was asked lately, and how far the record goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_KINDS = {
    "flatten.asked": "the operator asked to sell everything",
    "flatten.done": "everything was sold",
    "grant.approved": "the grant was approved with a passkey",
    "grant.revoked": "the grant was revoked",
    "grant.written": "the grant was written",
    "key.announced": "a key was about to be connected",
    "key.confirmed": "a key was confirmed with a passkey",
    "key.connected": "the key was checked and connected",
    "key.refused": "the key was refused",
    "key.removed": "the key was removed",
    "key.removing": "asked to remove the key",
    "key.renamed": "the key was given another name",
    "key.rotated": "the key was replaced by another",
    "key.rotating": "asked to replace the key by another",
    "key.rotation_refused": "the key that was to replace it was refused",
    "key.sealed_form": "a key was typed and sealed",
    "kill.lifted": "the kill switch was lifted",
    "kill.put": "the kill switch was pressed",
    "order.absent": "the order never reached the exchange",
    "order.cancel": "asked to cancel the order",
    "order.cancelled": "the order was cancelled, or was over already",
    "order.found": "the order was found at the exchange",
    "order.learned_late": "the end of the order was learned late",
    "order.lost": "an order that a lost past knew was found",
    "order.place": "asked to place the order",
    "order.placed": "the order was sent",
    "order.refused": "an order was refused",
    "passkey.added": "a passkey was added",
    "passkey.adding": "asked to add a passkey",
    "passkey.code": "a code for a passkey was given on the vault's host",
    "passkey.code_used": "a code for a passkey was used",
    "passkey.refused": "a passkey was refused",
    "passkey.removed": "a passkey was removed",
    "visit.begun": "the vault's pages were opened",
    "visit.ticket": "asked for the vault's pages",
}
_SHOWN = 25


def record(
    audit: Iterable[Mapping[str, Any]],
    *,
    credentials: Iterable[Mapping[str, Any]],
    grants: Iterable[Mapping[str, Any]],
    orders: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """The newest entries about one's own, and where the chain stands with the newest of them."""
    bots = {row["id"]: row["label"] for row in grants}
    names = {row["id"]: row["label"] for row in credentials} | bots
    names |= {row["client_order_id"]: f"{bots.get(row['grant'], '')}, {row['name']}" for row in orders}
    entries = [
        {
            "at": entry["at"][:19].replace("T", " "),
            "height": entry["height"],
            "whose": names.get(entry["subject"].rpartition(":")[2], ""),  # kills are about a scope, such as bot:ID
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
