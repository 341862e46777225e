"""Who may do what on PostgreSQL: roles keep history unchangeable.

*Owner*: owns the tables, and is used by `python -m vault migrate` alone. *Signer*: reads and inserts, changes the
columns that change (`rules`), deletes what is no history and is done with; it owns nothing, and is what signer and
commands log in as. *Reader*: for `python -m vault audit verify | export` and `ledger verify`.

A signer does not start as somebody who may do more than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, transaction

from vault.service.rules import PRESENT, RULES, NotProtected
from vault.settings import VAULT

_OLDEST = 150000  # before it everybody may make tables
_PRIVATE = {"passkeys_ceremony", "passkeys_enrolmentcode", "passkeys_visit"}  # nothing that an audit reads
_REMEDY = "Run `python -m vault migrate` as the database's owner, and the signer as the role that it lets in."
_TABLES = """
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_HAS = f"""
    SELECT c.relname, p.name FROM (SELECT c.oid, c.relname {_TABLES}) c
    CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) p (name)
    WHERE has_table_privilege(c.oid, p.name)
    UNION ALL
    SELECT c.relname, 'REFERENCES' FROM (SELECT c.oid, c.relname {_TABLES}) c
    WHERE has_any_column_privilege(c.oid, 'REFERENCES')
    UNION ALL
    SELECT c.relname, 'UPDATE ' || a.attname FROM (SELECT c.oid, c.relname {_TABLES}) c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE has_column_privilege(c.oid, a.attnum, 'UPDATE')
"""  # noqa: S608 - of this file's own words
# What no table's privileges show: a question each, and what it means when the answer is yes.
_TOO_MUCH: Mapping[str, str] = {
    "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM pg_roles"
    " WHERE rolname = current_user": "it is a superuser, or nearly",
    "SELECT session_user <> current_user": "it logs in as another role",
    "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname <> current_user AND pg_has_role(current_user, oid, 'MEMBER'))": (
        "it is a member of another role"
    ),
    "SELECT EXISTS (SELECT FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
    " WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o' AND r.rolname = current_user)": (
        "it owns something"
    ),
    "SELECT has_schema_privilege('public', 'CREATE') OR has_database_privilege(current_database(), 'CREATE')": (
        "it may make tables"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the signer may do with one table besides reading and inserting."""

    table: str
    changes: tuple[str, ...]
    deleted: bool

    def names(self) -> set[tuple[str, str]]:
        rights = {"SELECT", "INSERT", *(f"UPDATE {column}" for column in self.changes)}
        return {(self.table, right) for right in rights | ({"DELETE"} if self.deleted else set())}


def rights() -> Iterator[Rights]:
    """Of every table of the vault. Raises KeyError for one that no rule speaks of."""
    columns = {
        model._meta.db_table: [str(field.column) for field in model._meta.concrete_fields]  # noqa: SLF001 - Django's documented way
        for model in apps.get_models()
    }
    for rule in RULES:
        changes = () if rule.whole else tuple(each for each in columns[rule.table] if each not in rule.fixed)
        del columns[rule.table]
        yield Rights(table=rule.table, changes=changes, deleted=False)
    for present in PRESENT:
        del columns[present.table]
        yield Rights(table=present.table, changes=present.changes, deleted=present.deleted)
    if columns:
        raise KeyError(f"no rule says what may change in {', '.join(sorted(columns))}")


def grant() -> None:
    """Let signer and reader in, each to what it needs and nobody else to anything. As the owner.

    Raises NotProtected.
    """
    if connection.vendor != "postgresql":
        return
    quote = connection.ops.quote_name
    signer, reader = quote(VAULT.database_signer), quote(VAULT.database_reader)
    database = quote(str(connection.settings_dict["NAME"]))
    with transaction.atomic(), connection.cursor() as cursor:
        _there(VAULT.database_signer, VAULT.database_reader)
        for everybody in ("PUBLIC", signer, reader):
            cursor.execute(f"REVOKE ALL ON DATABASE {database} FROM {everybody}")
            cursor.execute(f"REVOKE ALL ON SCHEMA public FROM {everybody}")
            for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
                cursor.execute(f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {everybody}")
        cursor.execute(f"GRANT CONNECT ON DATABASE {database} TO {signer}, {reader}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {signer}, {reader}")
        for each in rights():
            table = quote(each.table)
            cursor.execute(f"GRANT SELECT, INSERT{', DELETE' if each.deleted else ''} ON {table} TO {signer}")
            if each.changes:
                cursor.execute(f"GRANT UPDATE ({', '.join(map(quote, each.changes))}) ON {table} TO {signer}")
            if each.table not in _PRIVATE:
                cursor.execute(f"GRANT SELECT ON {table} TO {reader}")


def check() -> None:
    """Raises NotProtected unless this role may do what the signer needs and no more, and the server keeps its word."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for question, meaning in _TOO_MUCH.items():
            cursor.execute(question)
            if cursor.fetchone()[0]:
                raise NotProtected(f"The signer's database role may do more than it needs: {meaning}. {_REMEDY}")
        cursor.execute(_HAS)
        has = {(table, right) for table, right in cursor.fetchall()}
        cursor.execute("SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'")
        keeps = cursor.fetchone()[0]
    needs = {each for table in rights() for each in table.names()}
    for table, right in sorted(has - needs):
        raise NotProtected(f"The signer's database role may do more than it needs: {right} on {table}. {_REMEDY}")
    for table, right in sorted(needs - has):
        raise NotProtected(f"The signer's database role lacks {right} on {table}. {_REMEDY}")
    if not keeps:
        raise NotProtected("The database server forgets what it has committed: set fsync and synchronous_commit to on.")


def _there(*names: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        if cursor.fetchone()[0] < _OLDEST:
            raise NotProtected("The vault needs PostgreSQL 15 or newer.")
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(names)])
        found = {name for (name,) in cursor.fetchall()}
    for name in names:
        if name not in found:
            raise NotProtected(f"There is no database role {name}. As the server's administrator: `createuser {name}`.")
