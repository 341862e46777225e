"""What is said of a signer that takes a request and never answers."""

import shutil
import socket
import tempfile
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vault.client import WebClient, client
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


def test_tables_that_do_not_come_can_be_asked_for_again(silent, monkeypatch):
    monkeypatch.setattr(client, "_PATIENCE", 0.05)
    with pytest.raises(Retry) as caught:
        WebClient(silent, Ed25519PrivateKey.generate()).overview(uuid.uuid4())
    assert caught.value.code is Code.NOT_READY


def test_of_anything_else_nobody_knows_whether_it_happened(silent):
    with pytest.raises(OutcomeUnknown):
        Channel(silent, timeout=0.05).post("/v1/kills/put", b"{}", {}, dict)
