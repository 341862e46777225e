"""A whole vault on this machine: OpenBao, a paper exchange and a signer, all real, in a folder of their own."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.support.paper import PaperControl, UnixSocket
from tests.support.ports import free_port
from tests.support.processes import run, start, stop, wait_until
from vault.client import KeyFile, RunnerClient, WebClient, client
from vault.client.client import seal
from vault.messages.refusals import Retry
from vault.messages.words import Limits, WriteGrant

client._PATIENCE = 60.0  # nobody sits before these tables


@dataclass(frozen=True)
class Account:
    """An account on the paper exchange, connected to the vault."""

    id: str
    owner: uuid.UUID
    credential: uuid.UUID


class Machine:
    serving = ("-m", "vault", "serve")  # how its signer is started

    def __init__(self, *paper_options, **vault_settings):
        self.folder = Path(tempfile.mkdtemp(prefix="bp-"))
        self.env = {
            "BOTPLATFORM_VAR": str(self.folder),
            "VAULT_RECV_WINDOW": "2",
            "VAULT_ABSENCE_MARGIN": "0.5",
            "VAULT_POLL_SECONDS": "0.3",
            "VAULT_REFERENCE_SECONDS": "0.5",
            "VAULT_EXCHANGE_TIMEOUT": "3",
            "VAULT_LEASE_SECONDS": "30",  # a machine that stands still for ten seconds is no failure of what is tested
            **{f"VAULT_{name.upper()}": str(value) for name, value in vault_settings.items()},
        }
        self.paper_options = paper_options or ("--speed", "1")
        self.bao = self.signer = self.paper_process = None
        self._clients = {}

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for each in self._clients.values():
            each.close()
        for process in (self.signer, self.paper_process):
            stop(process)
        if self.bao is not None:
            self.bao.stdin.close()
            self.bao.wait(60)
            self.bao.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        self.choose_ports()
        self.start_bao()
        self.layout = json.loads((self.folder / "layout.json").read_text())
        self.run_folder = Path(self.layout["run"])
        self.paper = PaperControl(self.run_folder / "paper.sock")
        self.start_paper()
        self.migrate()
        run("-m", "vault", "init", env=self.env)
        run("-m", "vault", "enroll-runner", "--key-file", self.folder / "platform/runner.key", env=self.env)
        run("-m", "vault", "enroll-web", "--key-file", self.folder / "platform/web.key", env=self.env)
        self.start_signer()

    def migrate(self):
        run("-m", "vault", "migrate", env=self.env)

    def choose_ports(self):
        """`make run` prefers the same two on every machine; here many run at once."""
        ports = {"web": free_port(), "pages": free_port()}
        (self.folder / "layout.json").write_text(json.dumps({"ports": ports}))

    def start_bao(self):
        self.bao = start(
            "-m",
            "botplatform.supervisor",
            "openbao",
            "--var",
            self.folder,
            env=self.env,
            log=self.folder / "bao.log",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.bao.stdout.readline() == b"ready\n", (self.folder / "bao.log").read_text()

    def bao_pause(self):
        """OpenBao stops answering, as if its machine were overwhelmed."""
        os.kill(self._bao_server(), signal.SIGSTOP)

    def bao_resume(self):
        os.kill(self._bao_server(), signal.SIGCONT)

    def _bao_server(self):
        """The server's own process: what was started is the supervisor's wrapper around it."""
        socket = str(self.folder / "openbao")
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if b"/bao\0server" in line and socket.encode() in line:
                return int(folder.name)
        raise AssertionError("OpenBao does not run")

    def start_paper(self):
        port = self.layout["ports"]["paper"]
        self.paper_process = start(
            *("-m", "botplatform.paper", "serve", "--folder", self.folder / "paper", "--port", port),
            *("--control", self.run_folder / "paper.sock", "--history-minutes", "5", *self.paper_options),
            env=self.env,
            log=self.folder / "paper.log",
        )
        self.paper_url = f"http://127.0.0.1:{port}"
        wait_until(self._paper_answers, what="the paper exchange")

    def _paper_answers(self):
        try:
            with urllib.request.urlopen(f"{self.paper_url}/api/v3/ping", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def restart_bao(self):
        """After its server was killed or sealed: it unseals by itself when it starts."""
        with contextlib.suppress(ProcessLookupError, AssertionError):
            os.kill(self._bao_server(), signal.SIGKILL)
        self.bao.stdin.close()
        self.bao.wait(60)
        self.bao.stdout.close()
        self.start_bao()

    def start_signer(self):
        self.launch_signer()
        wait_until(self._signer_answers, what="the signer")

    def launch_signer(self, env=None):
        """Started, and not waited for."""
        token = run("-m", "botplatform.supervisor", "wrap-signer", "--var", self.folder, env=self.env)
        self.signer = start(*self.serving, env=env or self.env, log=self.folder / "signer.log", stdin=subprocess.PIPE)
        self.signer.stdin.write(token.encode())
        self.signer.stdin.close()

    def kill_signer(self):
        self.signer.kill()
        self.signer.wait()

    @property
    def database(self):
        return self.folder / "vault/vault.sqlite3"

    def back_up(self, target):
        """A copy of the vault's database as it is now."""
        with (
            contextlib.closing(sqlite3.connect(self.database)) as real,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            real.backup(copy)
        return target

    def restore(self, backup):
        """Put a backup in the database's place. The signer must not run."""
        for aside in ("-wal", "-shm"):
            Path(f"{self.database}{aside}").unlink(missing_ok=True)
        shutil.copy(backup, self.database)

    def health(self):
        connection = UnixSocket(self.run_folder / "signer.sock")
        try:
            connection.request("GET", "/v1/health")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def _signer_answers(self):
        assert self.signer.poll() is None, (self.folder / "signer.log").read_text()
        try:
            self.web().overview(None, 1)
        except Retry:
            return False
        return True

    def web(self):
        return self._client(WebClient, "web.key")

    def runner(self):
        return self._client(RunnerClient, "runner.key")

    def _client(self, kind, key):
        """One of each kind, and so one connection of each: unclosed sockets are errors."""
        if kind not in self._clients:
            self._clients[kind] = kind(self.run_folder / "signer.sock", KeyFile.read(self.folder / "platform" / key))
        return self._clients[kind]

    def account(self, rights=("trade",), owner=None, **balances):
        """A fresh account at the exchange, its key connected to the vault."""
        owner = owner or uuid.uuid4()
        opened = self.paper.open_account(rights, **balances)
        credential = self.connect(owner, opened["key"], opened["secret"])
        return Account(id=opened["account"], owner=owner, credential=credential)

    def connect(self, owner, key, secret, label="Paper"):
        web = self.web()
        announced = web.announce_key(owner, "paper", label)
        rights = web.connect_key(
            owner, uuid.UUID(announced.credential), seal(key, secret, owner=owner, answer=announced)
        )
        return uuid.UUID(rights.credential)

    def grant(
        self, account, markets=("BTC/USDT",), sides=("buy", "sell"), types=("limit", "ioc"), notional="1000", **limits
    ):
        """A fresh grant's id. What is not said has the generous defaults of paper hosts."""
        grant = uuid.uuid4()
        limits = Limits(markets=markets, sides=sides, types=types, order_notional=notional, **limits)
        self.web().write_grant(
            WriteGrant(
                grant=grant, owner=account.owner, credential=account.credential, version=1, label="Bot", limits=limits
            )
        )
        return grant
