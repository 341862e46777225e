"""What the tables allow, held against what the audit says was ever allowed, revoked and stopped.

Somebody who owns the database can edit a row that no chain is over; the entry that wrote it cannot be edited with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from vault.audit import chain
from vault.audit.models import Entry
from vault.grants.models import Grant, GrantVersion
from vault.kills.models import Kill
from vault.passkeys.models import Passkey


def contradictions() -> Iterator[str]:
    """A sentence for each grant, kill and passkey that is not what the audit says of it."""
    yield from _grants()
    yield from _revoked()
    yield from _kills()
    yield from _passkeys()


def _grants() -> Iterator[str]:
    written: dict[tuple[str, int], str] = {}
    approved = {(subject, int(body["version"])) for subject, body in _said("grant.approved")}
    for subject, body in _said("grant.written"):
        if "digest" in body:  # entries of the first releases have none
            written[subject, int(body["word"]["version"])] = body["digest"]
        if body.get("approved", True):
            approved.add((subject, int(body["word"]["version"])))
    for version in GrantVersion.objects.order_by("grant", "version").iterator():
        of_text = hashlib.sha256(version.canonical.encode()).hexdigest()
        if of_text != written.get((str(version.grant_id), version.version), of_text):
            yield f"Version {version.version} of grant {version.grant_id} is not what the audit says was written."
        if version.approved_at is not None and (str(version.grant_id), version.version) not in approved:
            yield f"Version {version.version} of grant {version.grant_id} was never approved by the audit, and counts."
    newest = {str(grant.id): grant.version for grant in Grant.objects.iterator()}
    for grant_id, number in sorted(written):
        if newest.get(grant_id, 0) < number:
            yield f"Grant {grant_id} had a version {number} by the audit, and has none."


def _revoked() -> Iterator[str]:
    revoked = {subject for subject, _ in _said("grant.revoked")}
    removed = {subject for subject, _ in _said("key.removing")}
    for grant in Grant.objects.filter(revoked_at=None).order_by("id").iterator():
        if str(grant.id) in revoked or str(grant.credential_id) in removed:
            yield f"Grant {grant.id} was revoked by the audit, and is in force."


def _kills() -> Iterator[str]:
    lifted = {epoch for _, body in _said("kill.lifted") for epoch in body["epochs"]}
    rows = Kill.objects.in_bulk()
    for subject, body in _said("kill.put"):
        row, epoch = rows.get(body["epoch"]), body["epoch"]
        if row is None or (row.scope, row.level) != (subject, body["level"]):
            yield f"Kill {epoch} of {subject} is not what the audit says was put."
        elif row.lifted_at is not None and epoch not in lifted:
            yield f"Kill {epoch} of {subject} was never lifted by the audit, and is not in force."


def _passkeys() -> Iterator[str]:
    added = {body["passkey"]: (subject, body["public"]) for subject, body in _said("passkey.added")}
    removed = {body["passkey"] for _, body in _said("passkey.removed")}
    for row in Passkey.objects.order_by("added_at").iterator():
        if added.get(row.id) != (str(row.owner), row.public):
            yield f"Passkey {row.id[:12]} of {row.owner} is not one that the audit says was added."
        elif row.removed_at is None and row.id in removed:
            yield f"Passkey {row.id[:12]} of {row.owner} was removed by the audit, and counts."


def _said(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    entries = Entry.objects.filter(chain.of_kind(kind)).order_by("height")
    for subject, body in entries.values_list("subject", "body").iterator():
        yield subject, msgspec.json.decode(body)
