"""What is skipped on a second start, and what never is."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

import pytest

from botplatform.supervisor import stamps


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "ROOT", tmp_path)
    monkeypatch.setattr(stamps, "LOCKS", (tmp_path / "requirements.txt",))
    for name in ("app/migrations/0001_first.py", "app/static/site.css", "app/settings.py", "requirements.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def apply(database, *names):
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS django_migrations (id INTEGER PRIMARY KEY, app, name, applied)")
        for name in names:
            connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('app', ?, 'now')", [name])


@pytest.fixture
def migrated(project):
    apply(project / "db", "0001_first")
    stamp = stamps.migrated("app", project / "db", project / "stamp")
    assert not stamp.is_current()
    stamp.renew()
    assert stamp.is_current()
    return stamp


def test_a_new_migration_is_run(migrated, project):
    (project / "app/migrations/0002_second.py").write_text("")

    assert not migrated.is_current()


def test_a_new_version_of_a_package_is_run(migrated, project):
    (project / "requirements.txt").write_text("django==6")

    assert not migrated.is_current()


def test_an_older_copy_of_the_database_is_migrated(migrated, project):
    shutil.copy(project / "db", project / "backup")
    apply(project / "db", "0002_second")
    migrated.renew()
    shutil.copy(project / "backup", project / "db")

    assert not migrated.is_current()


def test_a_database_that_lost_a_trigger_is_migrated(project):
    apply(project / "db", "0001_first")
    with contextlib.closing(sqlite3.connect(project / "db")) as connection, connection:
        connection.execute("CREATE TRIGGER t BEFORE DELETE ON django_migrations BEGIN SELECT 1; END")
    rules = project / "rules.py"
    rules.touch()
    stamp = stamps.migrated("app", project / "db", project / "stamp", rules)
    stamp.renew()
    with contextlib.closing(sqlite3.connect(project / "db")) as connection, connection:
        connection.execute("DROP TRIGGER t")
    assert not stamp.is_current()
    stamp.renew()
    assert stamp.is_current()
    rules.write_text("stricter")
    assert not stamp.is_current()


def test_a_lost_or_empty_database_is_migrated(migrated, project):
    (project / "db").unlink()
    assert not migrated.is_current()

    (project / "db").touch()
    assert not migrated.is_current()
    migrated.renew()
    assert not (project / "stamp").exists()


def test_static_files_are_collected_when_one_changes_or_is_lost(project):
    target = project / "out"
    stamp = stamps.collected("app", target, project / "stamp")
    assert not stamp.is_current()
    target.mkdir()
    (target / "staticfiles.json").touch()
    (target / "site.css").touch()
    stamp.renew()
    assert stamp.is_current()

    (target / "site.css").unlink()
    assert not stamp.is_current()
    stamp.renew()
    (project / "app/static/site.css").write_text("other")
    assert not stamp.is_current()
