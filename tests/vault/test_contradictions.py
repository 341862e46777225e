"""Tables that allow more than the audit says was ever allowed."""

import hashlib
import uuid

import pytest

from vault import clock
from vault.audit import chain
from vault.grants.models import Credential, Grant, GrantVersion
from vault.passkeys.models import Passkey
from vault.service.contradictions import contradictions

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    """A grant's first version that waits for its owner, as the audit has it."""
    now, owner = clock.now(), uuid.uuid4()
    key = Credential.objects.create(id=uuid.uuid4(), owner=owner, exchange="binance", announced_at=now)
    grant = Grant.objects.create(id=uuid.uuid4(), owner=owner, credential=key, version=1)
    digest = hashlib.sha256(b"{}").hexdigest()
    body = {"word": {"version": 1}, "digest": digest, "approved": False}
    chain.append("grant.written", str(grant.id), body, now=now)
    return GrantVersion.objects.create(
        grant=grant, version=1, canonical="{}", digest=digest, written_at=now, written_by="k"
    )


def test_what_is_as_it_was_written_contradicts_nothing(version):
    assert list(contradictions()) == []


def test_a_version_whose_text_was_edited_is_told(version):
    GrantVersion.objects.update(canonical='{"wide": 1}')
    assert list(contradictions()) == [f"Version 1 of grant {version.grant_id} is not what the audit says was written."]


def test_an_approval_that_nobody_gave_is_told(version):
    GrantVersion.objects.update(approved_at=clock.now(), approval='{"paper": true}')
    assert list(contradictions()) == [
        f"Version 1 of grant {version.grant_id} was never approved by the audit, and counts."
    ]
    chain.append("grant.approved", str(version.grant_id), {"version": 1}, now=clock.now())
    assert list(contradictions()) == []


def test_a_newer_version_that_was_taken_away_is_told(version):
    chain.append("grant.written", str(version.grant_id), {"word": {"version": 2}, "digest": "x"}, now=clock.now())
    assert list(contradictions()) == [f"Grant {version.grant_id} had a version 2 by the audit, and has none."]


def test_a_grant_of_a_removed_key_that_was_brought_back_is_told(version):
    chain.append("key.removing", str(version.grant.credential_id), {}, now=clock.now())
    assert list(contradictions()) == [f"Grant {version.grant_id} was revoked by the audit, and is in force."]


def test_a_passkey_that_was_removed_and_counts_again_is_told(version):
    owner = version.grant.owner
    Passkey.objects.create(id="p" * 20, owner=owner, label="", public="x", count=0, added_at=clock.now())
    chain.append("passkey.added", str(owner), {"passkey": "p" * 20, "public": "x"}, now=clock.now())
    assert list(contradictions()) == []
    chain.append("passkey.removed", str(owner), {"passkey": "p" * 20}, now=clock.now())
    assert list(contradictions()) == [f"Passkey {'p' * 12} of {owner} was removed by the audit, and counts."]
