"""What has happened stays as it was written: triggers on the tables of history.

They keep every program that has no business with it, ours included, from changing the past. Whoever owns the file can
take them away; that is what the chain, its checkpoints and the head in the key store are for. On PostgreSQL the signer
owns nothing, and its role lets it change what may change and no more (`roles`).

`python -m vault migrate` takes them away, migrates, and puts them back: a table that SQLite rebuilds loses its own.
A signer does not start without them.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from vault.service import history_on_postgresql as postgresql
from vault.service.rules import RULES, NotProtected, Rule


def protect() -> None:
    """Put the triggers in place."""
    unprotect()
    if connection.vendor == "postgresql":
        postgresql.protect()
        return
    with connection.cursor() as cursor:
        for statement in _wanted().values():
            cursor.execute(statement)


def unprotect() -> None:
    """Take every trigger away."""
    if connection.vendor == "postgresql":
        postgresql.unprotect()
        return
    with connection.cursor() as cursor:
        for name in _found():
            cursor.execute(f"DROP TRIGGER {name}")


def check() -> None:
    """Raises NotProtected unless every trigger is there, to the letter."""
    there = postgresql.is_protected() if connection.vendor == "postgresql" else _found() == _wanted()
    if not there:
        raise NotProtected("The vault's history is not protected. Run `python -m vault migrate`.")


def _wanted() -> dict[str, str]:
    return {name: statement for rule in RULES for name, statement in _triggers(rule)}


def _triggers(rule: Rule) -> Iterator[tuple[str, str]]:
    """Name and statement of each."""
    forbidden = "1" if rule.whole else rule.forbidden("IS NOT")
    for act, when in (("UPDATE", f"WHEN {forbidden} "), ("DELETE", "")):
        name = f"history_{rule.table}_{act.lower()}"
        why = f"{rule.table} is history: no {act.lower()}"
        yield (
            name,
            f"CREATE TRIGGER {name} BEFORE {act} ON {rule.table} {when}BEGIN SELECT RAISE(ABORT, '{why}'); END",
        )


def _found() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return dict(cursor.fetchall())
