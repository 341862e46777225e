from __future__ import annotations

from django.db import models


class Passkey(models.Model):
    """An owner's passkey. `id` is the authenticator's credential id (base64url), `public` its COSE key (base64url)."""

    id = models.CharField(primary_key=True, max_length=1400)
    owner = models.UUIDField(db_index=True)
    label = models.CharField(max_length=80)
    public = models.TextField()
    count = models.BigIntegerField()  # the authenticator's signature counter; 0 for ever where it keeps none
    added_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)


class Ceremony(models.Model):
    """One challenge, for one act of one owner, used once. `subject` is canonical JSON of what is signed for."""

    id = models.UUIDField(primary_key=True)
    act = models.CharField(max_length=20)
    owner = models.UUIDField(null=True)  # None: signing in says who it is
    subject = models.TextField()
    nonce = models.CharField(max_length=43)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class EnrolmentCode(models.Model):
    """Leave to add one passkey without showing one, given out on the vault's host. Only its hash is kept."""

    hash = models.CharField(primary_key=True, max_length=64)
    owner = models.UUIDField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Visit(models.Model):
    """Somebody at the pages. `id` is the hash of what their browser holds; a ticket's visit has not begun yet."""

    id = models.CharField(primary_key=True, max_length=64)
    owner = models.UUIDField()
    ticket = models.BooleanField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
