"""What may change in the vault's tables, and what never: one list for triggers and roles.

`RULES` are the tables of history, `PRESENT` those that say how things stand now.
"""

from __future__ import annotations

from dataclasses import dataclass

from vault.grants.models import Grant
from vault.ledger.models import Order, Trade

_OVER = "('filled', 'cancelled', 'expired', 'rejected', 'absent')"


class NotProtected(Exception):
    """Triggers are missing, or say something else; or the signer's role may do more than it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One table of history. No row is ever deleted."""

    table: str
    fixed: tuple[str, ...] = ()  # columns that stay as they were inserted; none: the whole row does
    once: tuple[str, ...] = ()  # columns that are filled in once, and stay from then on
    never: str = ""  # a further change, in SQL over OLD and NEW, that is none

    @property
    def whole(self) -> bool:
        """Whether nothing of a row ever changes."""
        return not self.fixed and not self.once

    def forbidden(self, differs: str) -> str:
        """Which updates are refused, in SQL over OLD and NEW; `differs`: the database's words for it, of NULLs, too."""
        changed = [f"OLD.{column} {differs} NEW.{column}" for column in map(_quoted, self.fixed)]
        changed += [
            f"(OLD.{column} IS NOT NULL AND OLD.{column} {differs} NEW.{column})" for column in map(_quoted, self.once)
        ]
        never = [f"({self.never.replace('{DIFFERS}', differs)})"] if self.never else []
        return " OR ".join([*changed, *never])


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """One table of the present: which columns of a row change, and whether rows are deleted."""

    table: str
    changes: tuple[str, ...] = ()
    deleted: bool = False


RULES = (
    Rule(table="audit_entry"),
    Rule(table="audit_checkpoint"),
    Rule(table="ledger_event"),
    Rule(
        table="ledger_order",
        fixed=("id", *Order.FIXED),
        never=f"OLD.state IN {_OVER} AND OLD.state {{DIFFERS}} NEW.state",
    ),
    Rule(
        table="ledger_trade",
        fixed=("id", *Trade.FIXED),
        once=("order_id", "grant", "counted_at"),
        never="OLD.counted_at IS NOT NULL AND OLD.slippage {DIFFERS} NEW.slippage",
    ),
    Rule(
        table="grants_credential",
        fixed=("id", "owner", "exchange", "announced_at"),  # on which host a key is real was bound at its intake
        never="NEW.turn < OLD.turn OR (OLD.state = 'removed' AND NEW.state {DIFFERS} 'removed')",
    ),
    Rule(
        table="grants_grantversion",
        fixed=("id", "grant_id", "version", "canonical", "digest", "written_at", "written_by"),
        once=("approved_at",),
        never="OLD.approved_at IS NOT NULL AND OLD.approval {DIFFERS} NEW.approval",
    ),
    Rule(
        table="grants_grant",
        fixed=("id", *Grant.FIXED),
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

PRESENT = (
    Present(
        table="ledger_account",
        changes=(
            *("open_orders", "resting", "resting_slippage", "traded", "slipped", "since"),
            *("cash", "day", "day_value", "value"),
        ),
    ),
    Present(table="ledger_holding", changes=("net", "selling", "buying")),
    Present(table="ledger_installation", changes=("first_event",)),
    Present(table="audit_mark", changes=("at",)),
    Present(table="kills_flattening", changes=("left", "done_at")),
    Present(table="passkeys_ceremony", changes=("used_at",), deleted=True),
    Present(table="passkeys_enrolmentcode", changes=("used_at",)),
    Present(table="passkeys_visit", changes=("ended_at",)),
    Present(table="prices_sample", deleted=True),
)


def _quoted(column: str) -> str:
    return f'"{column}"'
