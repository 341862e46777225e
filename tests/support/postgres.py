"""A PostgreSQL server of its own: a fresh cluster in a temporary folder, on a unix socket only, known by peer."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg

from tests.support.machine import Machine
from tests.support.processes import _die_with_parent, run, wait_until

OWNER, SIGNER, READER = "vault_owner", "vault_signer", "vault_reader"
ROLES = (OWNER, SIGNER, READER)


def programs():
    """The folder of PostgreSQL's programs; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    in_path = shutil.which("initdb")
    return Path(in_path).parent if in_path else None


class Postgres:
    """Its administrator is the role `postgres`; every role of ours is this user, who needs no password."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bp-pg-"))
        self.folder.chmod(0o755)
        # The server refuses to run as root; Debian's package brings a user for it.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._server = None

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # its "fast" stop
            try:
                self._server.wait(60)
            except subprocess.TimeoutExpired:
                self._server.send_signal(signal.SIGQUIT)
                self._server.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self):
        home = self.folder / "home"
        home.mkdir()
        if self._user:
            shutil.chown(home, self._user)
        data = home / "data"
        options = ("-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--auth=peer")
        done = subprocess.run(
            [programs() / "initdb", "-D", data, *options],
            user=self._user,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (data / "pg_hba.conf").write_text("local all all peer map=tests\n")
        (data / "pg_ident.conf").write_text(
            "".join(f"tests {pwd.getpwuid(os.geteuid()).pw_name} {role}\n" for role in ("postgres", *ROLES))
        )
        self.start()
        for role in ROLES:
            self.administer("postgres", f"CREATE ROLE {role} LOGIN")

    def start(self):
        home = self.folder / "home"
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *(programs() / "postgres", "-D", home / "data", "-k", home, "-c", "listen_addresses="),
                    *("-c", "shared_buffers=16MB", "-c", "max_connections=30"),
                ],
                user=self._user,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - nothing else runs in this child before exec
            )
        home.chmod(0o711)  # for the socket in it; the data has a folder that is its own
        wait_until(self._answers, what="PostgreSQL")

    def crash(self):
        """Everything of it ends at once, as after a power cut."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(60)

    def _answers(self):
        assert self._server.poll() is None, (self.folder / "log").read_text()
        with contextlib.suppress(psycopg.OperationalError):
            self.administer("postgres", "SELECT 1")
            return True
        return False

    def url(self, database, role):
        return f"postgresql://{role}@/{database}?host={self.folder / 'home'}"

    @contextlib.contextmanager
    def connected(self, database, role="postgres"):
        """Each statement by itself."""
        with contextlib.closing(psycopg.connect(self.url(database, role), autocommit=True)) as connection:
            yield connection

    def administer(self, database, *statements):
        """What the last one answered."""
        with self.connected(database) as connection:
            for statement in statements:
                done = connection.execute(statement)
            return done.fetchall() if done.description else None

    def create(self, database):
        """An empty database of the owner's."""
        self.administer("postgres", f"CREATE DATABASE {database} OWNER {OWNER}")
        return database


class PostgresMachine(Machine):
    """A whole vault whose database is a fresh one on this server."""

    def __init__(self, postgres, **vault_settings):
        self.postgres = postgres
        self.name = postgres.create(f"vault_{uuid.uuid4().hex[:8]}")
        super().__init__(**vault_settings, database_url=postgres.url(self.name, SIGNER))

    def migrate(self):
        run("-m", "vault", "migrate", env=self.as_role(OWNER))

    def as_role(self, role):
        """The environment of a command that another role gives."""
        return {**self.env, "VAULT_DATABASE_URL": self.postgres.url(self.name, role)}
