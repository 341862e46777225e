from __future__ import annotations

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

OF_ORDERS = ("order.place", "order.placed", "order.cancel", "order.cancelled")


class Height(models.BigIntegerField):  # type: ignore[type-arg]  # only its stubs take arguments
    """A row's place in a history. SQLite keeps rows by it, where it would keep an index of big integers beside them."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)


class Entry(models.Model):
    """One link. `digest` covers everything in it and the digest before it."""

    height = Height(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    opens = models.BigIntegerField(null=True)  # the height of the entry that this one closes
    body = models.TextField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["subject"]),
            # Nobody asks for all orders, and each order would write two rows here.
            models.Index(fields=["kind"], condition=~models.Q(kind__in=OF_ORDERS), name="kinds_but_of_orders"),
        ]


class Checkpoint(models.Model):
    """The key store's word that the chain, and the ledger's, had come this far. `signature` is Ed25519 over it."""

    height = models.BigIntegerField(primary_key=True)
    digest = models.CharField(max_length=64)
    ledger_height = models.BigIntegerField()
    ledger_digest = models.CharField(max_length=64)
    at = models.DateTimeField()
    key = models.PositiveIntegerField()  # the version of the key that signed
    signature = models.CharField(max_length=86)  # base64url of 64 bytes


class Mark(models.Model):
    """The latest time that the signer has seen, so that a clock that was set back is noticed after a restart, too."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()
