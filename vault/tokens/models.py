from __future__ import annotations

from django.db import models


class EnrolledKey(models.Model):
    """A process that may talk to the signer. `id` is the RFC 7638 thumbprint of its Ed25519 key."""

    class Kind(models.TextChoices):
        RUNNER = "runner"
        WEB = "web"
        PAGES = "pages"

    id = models.CharField(primary_key=True, max_length=43)
    kind = models.CharField(max_length=10, choices=Kind)
    public = models.CharField(max_length=43)
    enrolled_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class Lease(models.Model):
    """The right to run a shard's bots, for some seconds. Taking it raises the fence, which never falls."""

    shard = models.CharField(primary_key=True, max_length=40)
    fence = models.BigIntegerField()
    holder = models.ForeignKey(EnrolledKey, on_delete=models.PROTECT)
    proof_key = models.CharField(max_length=43)
    expires_at = models.DateTimeField()
    highest_sequence = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(default=0)  # bit n: the sequence number `highest - n` was used
