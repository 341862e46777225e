"""The signer's socket is its user's alone, or also a group's that the settings name."""

import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from vault.server import serve
from vault.settings import VAULT

NOBODY, GROUP = 65534, 54321  # ids that own nothing here

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def door():
    """In a folder that everybody may enter: the socket's own rights decide."""
    folder = Path(tempfile.mkdtemp(prefix="bp-"))
    folder.chmod(0o755)
    yield folder / "run" / "signer.sock"
    shutil.rmtree(folder)


def listening(path):
    listener = serve._bind(path)
    listener.listen()
    return listener


def may_connect(path, *groups):
    """Whether somebody else who is in these groups may: in a child, which gives up being root."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            socket.socket(socket.AF_UNIX).connect(str(path))
            os._exit(0)
        except PermissionError:
            os._exit(1)
        finally:
            os._exit(2)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 1)
    return code == 0


def test_it_is_its_users_alone(door):
    with listening(door):
        door.parent.chmod(0o755)
        assert stat.S_IMODE(door.stat().st_mode) == 0o600
        assert not may_connect(door, GROUP)


def test_a_group_that_is_named_may_connect_and_nobody_else(door, monkeypatch):
    monkeypatch.setitem(VAULT.__dict__, "socket_group", GROUP)
    with listening(door):
        door.parent.chmod(0o755)
        assert stat.S_IMODE(door.stat().st_mode) == 0o660
        assert may_connect(door, GROUP)
        assert not may_connect(door)


def test_a_group_that_is_not_there_is_refused(door, monkeypatch):
    monkeypatch.setitem(VAULT.__dict__, "socket_group", "no-such-group-here")
    with pytest.raises(serve.NoSuchGroup, match="no-such-group-here"):
        serve._bind(door)


def test_what_a_dead_signer_left_is_replaced(door):
    listening(door).close()
    with listening(door), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(door))
