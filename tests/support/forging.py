"""Somebody who owns the vault's database file."""

import contextlib
import sqlite3


def forge(database, *statements):
    """Change what is there. The triggers keep honest programs from it; whoever owns the file takes them away, and puts
    them back afterwards."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()


def ask(database, query, *values):
    """The first column of the first row."""
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
        return connection.execute(query, values).fetchone()[0]
