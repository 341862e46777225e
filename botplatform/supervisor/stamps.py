"""Whether a task has anything to do: what it was made from, against what is there now.

A stamp is only trusted with its product: a database says itself which migrations it has seen, so an older copy of it
is migrated like any other.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .children import ROOT
from .layout import write_private

LOCKS = (ROOT / "requirements.txt", ROOT / "package-lock.json")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file that holds the fingerprint of the last success."""

    path: Path
    fingerprint: Callable[[], str | None]  # None: can't be told, so the task is to run

    def is_current(self) -> bool:
        now = self.fingerprint()
        return now is not None and self.path.exists() and self.path.read_text() == now

    def renew(self) -> None:
        now = self.fingerprint()
        if now is None:
            self.path.unlink(missing_ok=True)
        else:
            write_private(self.path, now.encode())


def migrated(package: str, database: Path, path: Path, *also: Path) -> Stamp:
    """The database at `database` has had every migration of `package` and of what is installed, and still has its
    triggers. `also`: what else migrating reads."""

    def fingerprint() -> str | None:
        applied = _applied(database)
        if applied is None:
            return None
        return _digest([*LOCKS, *(ROOT / package).rglob("migrations/*.py"), *also], applied)

    return Stamp(path, fingerprint)


def collected(package: str, target: Path, path: Path) -> Stamp:
    """The folder `target` has every static file of `package`, of the npm packages and of what is installed."""

    def fingerprint() -> str | None:
        if not (target / "staticfiles.json").exists():
            return None
        sources = [*(ROOT / package).rglob("static/**/*"), *(ROOT / "build" / "static").rglob("*")]
        collected_names = " ".join(sorted(file.name for file in target.rglob("*")))
        return _digest([*LOCKS, ROOT / package / "settings.py", *sources], collected_names)

    return Stamp(path, fingerprint)


def _applied(database: Path) -> str | None:
    if not database.exists():
        return None
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            rows = connection.execute("SELECT app, name, applied FROM django_migrations ORDER BY id").fetchall()
            rows += connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        except sqlite3.Error:
            return None
    return repr(rows)


def _digest(files: Iterable[Path], more: str) -> str:
    digest = hashlib.sha256(more.encode())
    for file in sorted(set(files)):
        if file.is_file():
            digest.update(f"\0{file.relative_to(ROOT)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
