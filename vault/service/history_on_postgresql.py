"""The triggers of history on PostgreSQL.

PostgreSQL keeps a trigger in words of its own, which differ between its versions. So with each stays, as its comment,
a digest over what was asked for and what PostgreSQL made of it: either being another is noticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from django.db import connection, transaction

from vault.service.rules import RULES, Rule

_FUNCTION = "history_refuses"
_BODY = (
    "BEGIN RAISE EXCEPTION '% is history: no %', TG_TABLE_NAME, lower(TG_OP)"
    " USING ERRCODE = 'integrity_constraint_violation'; END"
)
_OURS = """
    SELECT t.tgname, c.relname, pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger')
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND n.nspname = 'public'
"""
_ALWAYS = "A"


def protect() -> None:
    """Put the triggers in place, all or none."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS %s", [_BODY])
        wanted = _wanted()
        for name, (table, statement) in wanted.items():
            cursor.execute(statement)
            # Also for a session that replays what another server wrote.
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        cursor.execute(_OURS)
        for name, table, made, _, _ in cursor.fetchall():
            cursor.execute(f"COMMENT ON TRIGGER {name} ON {table} IS %s", [_digest(wanted[name][1], made)])


def unprotect() -> None:
    """Take every trigger away."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_OURS)
        for name, table, *_ in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name} ON {table}")


def is_protected() -> bool:
    """Whether every trigger is there, is what was asked for, fires always, and refuses."""
    with connection.cursor() as cursor:
        cursor.execute(_OURS)
        found = {name: row for name, *row in cursor.fetchall()}
        cursor.execute("SELECT prosrc FROM pg_proc WHERE oid = to_regproc(%s)", [f"public.{_FUNCTION}"])
        body = cursor.fetchone()
    wanted = _wanted()
    return (
        body == (_BODY,)
        and found.keys() == wanted.keys()
        and all(
            row == [wanted[name][0], row[1], _ALWAYS, _digest(wanted[name][1], row[1])] for name, row in found.items()
        )
    )


def _wanted() -> dict[str, tuple[str, str]]:
    """By name: its table and its statement."""
    return {name: (rule.table, statement) for rule in RULES for name, statement in _triggers(rule)}


def _triggers(rule: Rule) -> Iterator[tuple[str, str]]:
    when = "" if rule.whole else f"WHEN ({rule.forbidden('IS DISTINCT FROM')}) "
    for act, each in (
        ("UPDATE", f"FOR EACH ROW {when}"),
        ("DELETE", "FOR EACH ROW "),
        ("TRUNCATE", "FOR EACH STATEMENT "),
    ):
        name = f"history_{rule.table}_{act.lower()}"
        yield name, f"CREATE TRIGGER {name} BEFORE {act} ON {rule.table} {each}EXECUTE FUNCTION {_FUNCTION}()"


def _digest(asked: str, made: str) -> str:
    return hashlib.sha256(f"{asked}\n{made}".encode()).hexdigest()
