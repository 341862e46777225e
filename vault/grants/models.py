from __future__ import annotations

from typing import ClassVar

from django.db import models


class Credential(models.Model):
    """An exchange key that its owner connected. The secret is in the key store; the key's id is sealed here."""

    class State(models.TextChoices):
        ANNOUNCED = "announced"
        WAITING = "waiting"  # its exchange does not tell what it may do: its owner has to say so
        READY = "ready"
        REMOVED = "removed"

    id = models.UUIDField(primary_key=True)
    owner = models.UUIDField(db_index=True)
    exchange = models.CharField(max_length=30)
    label = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State, default=State.ANNOUNCED)
    api_key_sealed = models.TextField(default="")
    ip_bound = models.BooleanField(null=True)
    announced_at = models.DateTimeField()
    connected_at = models.DateTimeField(null=True)
    turn = models.PositiveIntegerField(default=0)  # how often it was replaced by a newer key of the same account
    profile = models.CharField(max_length=80, default="")  # what the exchange calls the account; empty: not known
    expires_at = models.DateTimeField(null=True)  # None: never, or the exchange does not tell

    @property
    def key_name(self) -> str:
        """Its name in Transit: says nothing of the owner."""
        return f"acct-{self.id.hex}" + (f"-{self.turn}" if self.turn else "")


class Grant(models.Model):
    """The newest version of a grant. `epoch` rises when it is revoked; `shard` runs it at present."""

    FIXED: ClassVar = ("owner", "credential_id")

    id = models.UUIDField(primary_key=True)
    owner = models.UUIDField(db_index=True)
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT)
    label = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    epoch = models.PositiveIntegerField(default=0)
    shard = models.CharField(max_length=40, default="", db_index=True)
    revoked_at = models.DateTimeField(null=True)


class GrantVersion(models.Model):
    """What one version allows, in canonical bytes, for ever.

    `approved_at` says since when it counts on a host that is not paper, `approval` by which evidence (JSON).
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    canonical = models.TextField()
    digest = models.CharField(max_length=64)
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=43)
    approved_at = models.DateTimeField(null=True)
    approval = models.TextField(default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "version"], name="one_text_a_version")]
