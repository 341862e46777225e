"""One connection to the signer, and what is said of one that takes a request and never answers."""

import shutil
import socket
import socketserver
import tempfile
import threading
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.client import WebClient, channel, client
from vault.client.channel import Channel
from vault.messages.refusals import Code, OutcomeUnknown, Retry


@pytest.fixture
def silent():
    """A socket where somebody listens and says nothing."""
    folder = Path(tempfile.mkdtemp(prefix="bp-"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "signer.sock"))
        listening.listen()
        yield folder / "signer.sock"
    shutil.rmtree(folder)


@pytest.fixture
def counting():
    """A signer's socket that answers everything; and how many connections there were."""
    folder, connections = Path(tempfile.mkdtemp(prefix="bp-")), []

    class Answers(socketserver.StreamRequestHandler):
        def handle(self):
            connections.append(self)
            while self.rfile.readline():
                while self.rfile.readline().strip():
                    pass
                self.rfile.read(2)
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socketserver.ThreadingUnixStreamServer(str(folder / "signer.sock"), Answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield folder / "signer.sock", connections
        server.shutdown()
        thread.join()
    shutil.rmtree(folder)


@pytest.mark.parametrize(("idle", "connections"), [(60.0, 1), (0.0, 2)])
def test_a_connection_that_the_signer_may_be_hanging_up_on_is_not_used_again(counting, monkeypatch, idle, connections):
    monkeypatch.setattr(channel, "_IDLE", idle)
    path, seen = counting
    asking = Channel(path)
    for _ in range(2):
        asking.post("/v1/overview", b"{}", {}, dict)
    asking.close()
    assert len(seen) == connections


def test_tables_that_do_not_come_can_be_asked_for_again(silent, monkeypatch):
    monkeypatch.setattr(client, "_PATIENCE", 0.05)
    with pytest.raises(Retry) as caught:
        WebClient(silent, Ed25519PrivateKey.generate()).overview(uuid.uuid4())
    assert caught.value.code is Code.NOT_READY


def test_of_anything_else_nobody_knows_whether_it_happened(silent):
    with pytest.raises(OutcomeUnknown):
        Channel(silent, timeout=0.05).post("/v1/kills/put", b"{}", {}, dict)
