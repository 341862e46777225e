"""A machine with the vault's pages, and an origin beside them that stands for the web."""

import functools
import http.server
import threading
import uuid
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

from tests.support.machine import Account, Machine
from tests.support.ports import listens
from tests.support.processes import run, start, stop, wait_until
from vault.client import PagesClient, seal

_CODES = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "vault.settings"
import django; django.setup()
from uuid import UUID
from vault.service import passkeys
for owner in sys.stdin: print(passkeys.code_from_host(UUID(owner.strip())), flush=True)
"""
STATIC = Path(__file__).parents[2] / "vault/pages/static/pages"


class _Files(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Scripts</title>")
            return
        super().do_GET()

    def log_message(self, *_):
        pass


@contextmanager
def files_alone():
    """The pages' scripts beside an empty page, at an origin of their own: its address."""
    handler = functools.partial(_Files, directory=STATIC)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


class Vaulted(Machine):
    """A machine with pages, and with accounts that are real as far as the signer knows: Binance is our paper exchange."""

    def __init__(self, web):
        super().__init__(web_origin=web)
        self.web_origin = web
        self.pages_process = self.host = None

    @property
    def address(self):
        return f"http://localhost:{self.layout['ports']['pages']}"

    def start_signer(self):
        self.env["VAULT_BINANCE_URL"] = self.paper_url
        super().start_signer()
        if self.pages_process is None:
            run("-m", "vault", "enroll-pages", "--key-file", self.folder / "pages/pages.key", env=self.env)
            self.pages_process = start("-m", "vault", "pages", env=self.env, log=self.folder / "pages.log")
            wait_until(self._pages_answer, what="the pages")

    def __exit__(self, *_):
        stop(self.pages_process)
        if self.host is not None:
            self.host.stdin.close()
            self.host.wait(60)
            self.host.stdout.close()
        super().__exit__(*_)

    def stop_signer(self):
        for client in self._clients.values():
            client.close()
        stop(self.signer)

    def unkill(self, scope):
        run("-m", "vault", "unkill", scope, env=self.env)

    def _pages_answer(self):
        assert self.pages_process.poll() is None, (self.folder / "pages.log").read_text()
        return listens(self.layout["ports"]["pages"])

    def pages(self):
        return self._client(PagesClient, "../pages/pages.key")

    def real_account(self, owner, label="Savings"):
        """An account on what the signer takes for a real exchange."""
        opened = self.paper.open_account(("trade",))
        announced = self.web().announce_key(owner, "binance", label)
        sealed = seal(opened["key"], opened["secret"], owner=owner, answer=announced)
        self.web().connect_key(owner, uuid.UUID(announced.credential), sealed)
        return Account(id=opened["account"], owner=owner, credential=uuid.UUID(announced.credential))

    def passkey_code(self, owner):
        """What `python -m vault passkey-code` prints, of a process that stays: starting one takes a second."""
        if self.host is None:
            self.host = start(
                *("-c", _CODES), env=self.env, log=self.folder / "host.log", stdin=PIPE, stdout=PIPE, bufsize=0
            )
        self.host.stdin.write(f"{owner}\n".encode())
        return self.host.stdout.readline().decode().strip()
