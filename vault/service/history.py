"""What has happened stays as it was written: triggers on the tables of history.

They keep every program that has no business with it, ours included, from changing the past. Whoever owns the file can
take them away; that is what the chain, its checkpoints and the head in the key store are for.

`python -m vault migrate` takes them away, migrates, and puts them back: a table that SQLite rebuilds loses its own.
A signer does not start without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

_OVER = "('filled', 'cancelled', 'expired', 'rejected', 'absent')"


class NotProtected(Exception):
    """Triggers are missing, or say something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One table of history. No row is ever deleted."""

    table: str
    fixed: tuple[str, ...] = ()  # columns that stay as they were inserted; none: the whole row does
    once: tuple[str, ...] = ()  # columns that are filled in once, and stay from then on
    never: str = ""  # a further change, in SQL over OLD and NEW, that is none

    @property
    def _forbidden(self) -> str:
        if not self.fixed and not self.once:
            return "1"
        changed = [f"OLD.{column} IS NOT NEW.{column}" for column in map(_quoted, self.fixed)]
        changed += [
            f"(OLD.{column} IS NOT NULL AND OLD.{column} IS NOT NEW.{column})" for column in map(_quoted, self.once)
        ]
        return " OR ".join([*changed, *([f"({self.never})"] if self.never else [])])

    def triggers(self) -> Iterator[tuple[str, str]]:
        """Name and statement of each."""
        for act, when in (("UPDATE", f"WHEN {self._forbidden} "), ("DELETE", "")):
            name = f"history_{self.table}_{act.lower()}"
            why = f"{self.table} is history: no {act.lower()}"
            yield (
                name,
                f"CREATE TRIGGER {name} BEFORE {act} ON {self.table} {when}BEGIN SELECT RAISE(ABORT, '{why}'); END",
            )


RULES = (
    Rule(table="audit_entry"),
    Rule(table="audit_checkpoint"),
    Rule(table="ledger_event"),
    Rule(
        table="ledger_order",
        fixed=(
            *("id", "grant", "credential", "exchange", "deal", "name", "generation", "market", "side", "type"),
            *("amount", "price", "client_order_id", "price_order", "exits", "reference", "prepared_at"),
        ),
        never=f"OLD.state IN {_OVER} AND OLD.state IS NOT NEW.state",
    ),
    Rule(
        table="ledger_trade",
        fixed=(
            *("id", "credential", "market", "trade_id", "exchange_order_id", "side", "amount", "price"),
            *("fee", "fee_asset", "maker", "traded_at"),
        ),
        once=("order_id", "grant", "counted_at"),
        never="OLD.counted_at IS NOT NULL AND OLD.slippage IS NOT NEW.slippage",
    ),
    Rule(
        table="grants_credential",
        fixed=("id", "owner", "exchange", "announced_at"),  # on which host a key is real was bound at its intake
        never="NEW.turn < OLD.turn OR (OLD.state = 'removed' AND NEW.state IS NOT 'removed')",
    ),
    Rule(
        table="grants_grantversion",
        fixed=("id", "grant_id", "version", "canonical", "digest", "written_at", "written_by"),
        once=("approved_at",),
        never="OLD.approved_at IS NOT NULL AND OLD.approval IS NOT NEW.approval",
    ),
    Rule(
        table="grants_grant",
        fixed=("id", "owner", "credential_id"),
        once=("revoked_at",),
        never="NEW.version < OLD.version OR NEW.epoch < OLD.epoch",
    ),
    Rule(table="kills_kill", fixed=("id", "scope", "level", "by", "put_at"), once=("lifted_at",)),
    Rule(
        table="passkeys_passkey",
        fixed=("id", "owner", "public", "added_at"),
        once=("removed_at",),
        never="NEW.count < OLD.count",
    ),
    Rule(table="tokens_lease", fixed=("shard",), never="NEW.fence < OLD.fence"),
    Rule(table="tokens_enrolledkey", fixed=("id", "kind", "public", "enrolled_at"), once=("revoked_at",)),
)


def protect() -> None:
    """Put the triggers in place. Nothing happens where there is another way: roles, on PostgreSQL."""
    if connection.vendor == "sqlite":
        unprotect()
        with connection.cursor() as cursor:
            for statement in _wanted().values():
                cursor.execute(statement)


def unprotect() -> None:
    """Take every trigger away."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for name in _found():
                cursor.execute(f"DROP TRIGGER {name}")


def check() -> None:
    """Raises NotProtected unless every trigger is there, to the letter."""
    if connection.vendor == "sqlite" and _found() != _wanted():
        raise NotProtected("The vault's history is not protected. Run `python -m vault migrate`.")


def _wanted() -> dict[str, str]:
    return {name: statement for rule in RULES for name, statement in rule.triggers()}


def _found() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return dict(cursor.fetchall())


def _quoted(column: str) -> str:
    return f'"{column}"'
