"""What is secret has no text, is not pickled, and lies only in files that one user can read."""

import json
import os
import pickle
import stat
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.processes import ROOT
from vault.client import BadKeyFile, KeyFile
from vault.client.lease import LeaseHandle, _Held
from vault.custody.session import Keystore
from vault.hazmat import files
from vault.hazmat.files import Exposed
from vault.hazmat.secret import Secret
from vault.hazmat.token_key import TokenKey
from vault.messages.answers import LeaseAnswer, TokenAnswer
from vault.service.identify import Request
from vault.signing.built import Built
from vault.tokens import process_key
from vault.tokens.tokens import Mint

MARK = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-0123"
KEY = Ed25519PrivateKey.from_private_bytes(MARK.encode())
_KEPT = tempfile.TemporaryDirectory()
TOKEN_KEY = Path(_KEPT.name) / "token.key"
files.create(TOKEN_KEY, MARK.encode())

SECRETS = {
    "Secret": Secret(MARK.encode()),
    "TokenKey": TokenKey(KEY),
    "Mint": Mint(TOKEN_KEY),
    "Keystore": Keystore("bao.sock", MARK),
    "LeaseHandle": LeaseHandle(None, None, KEY, LeaseAnswer(shard="s", fence=1, seconds=1)),
    "Request": Request(path="/", body=MARK.encode(), credentials=f"Token {MARK}", proof=MARK),
    "Held": _Held(MARK, 0),
    "Built": Built(
        method="GET",
        url=f"https://x/y?signature={MARK}",
        headers={"X-MBX-APIKEY": MARK},
        body=MARK,
        payload=MARK.encode(),
        placeholder=MARK,
    ),
    "TokenAnswer": TokenAnswer(token=MARK, seconds=1, grant_version=1),
}
NEVER_PICKLED = [
    pytest.param(SECRETS[name], id=name)
    for name in ("Secret", "TokenKey", "Mint", "Keystore", "LeaseHandle", "Request", "Built", "TokenAnswer")
]
each = pytest.mark.parametrize("secret", [pytest.param(value, id=name) for name, value in SECRETS.items()])


@each
def test_it_is_shown_by_no_text(secret):
    assert MARK not in repr(secret)
    assert MARK not in repr([secret])
    assert MARK not in repr({"a": secret})
    for show in (str, format, "{}".format, "%s".__mod__, "{!s:>40}".format):
        try:
            text = show(secret)
        except TypeError:
            continue
        assert MARK not in text


@each
def test_it_is_not_in_a_traceback(secret):
    with pytest.raises(ValueError, match="failed") as caught:
        raise ValueError("failed", secret)
    assert MARK not in str(caught.value)
    assert MARK not in repr(caught.value)


@pytest.mark.parametrize("secret", NEVER_PICKLED)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(secret, protocol):
    with pytest.raises(TypeError):
        pickle.dumps(secret, protocol)


@each
def test_it_is_no_json(secret):
    with pytest.raises(TypeError):
        json.dumps(secret)
    if not isinstance(secret, (TokenAnswer, Request, Built, _Held)):  # msgspec writes structs and dataclasses
        with pytest.raises(TypeError):
            msgspec.json.encode(secret)


def test_a_secret_is_neither_compared_nor_hashed():
    with pytest.raises(TypeError):
        hash(Secret(b"a"))
    with pytest.raises(TypeError):
        Secret(b"a") == Secret(b"a")  # noqa: B015 - the comparison itself must fail


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_key_file_that_others_can_reach_is_refused(tmp_path, mode):
    path = tmp_path / "a.key"
    files.create(path, MARK.encode())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(mode)
    for read in (files.read, TokenKey.load, Mint.load, process_key.public_half):
        with pytest.raises(Exposed, match=f"{mode:04o}") as caught:
            read(path)
        assert MARK not in str(caught.value)
    with pytest.raises(BadKeyFile, match=f"{mode:04o}"):
        KeyFile.read(path)


def test_a_key_file_is_never_replaced(tmp_path):
    path = tmp_path / "a.key"
    files.create(path, b"first")
    with pytest.raises(FileExistsError):
        files.create(path, b"second")
    assert path.read_bytes() == b"first"


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_file_that_holds_no_key_is_refused_with_a_sentence(machine, tmp_path, content):
    path = tmp_path / "a.key"
    files.create(path, content)
    with pytest.raises(BadKeyFile, match="is not a key"):
        KeyFile.read(path)
    done = enroll(machine, path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def enroll(machine, path):
    return subprocess.run(
        [sys.executable, "-m", "vault", "enroll-runner", "--key-file", str(path)],
        cwd=ROOT,
        env={**os.environ, **machine.env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_exposed_key_file_is_not_enrolled(machine, tmp_path):
    path = tmp_path / "a.key"
    files.create(path, uuid.uuid4().bytes * 2)
    path.chmod(0o644)
    done = enroll(machine, path)
    assert done.returncode == 1
    assert "has mode 0644" in done.stderr
    assert "Traceback" not in done.stderr


def test_sockets_and_files_of_the_vault_are_its_users_alone(machine):
    for socket in machine.run_folder.glob("*.sock"):
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600, socket
    assert stat.S_IMODE(machine.run_folder.stat().st_mode) == 0o700
    for path in (machine.folder / "vault").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_signer_with_an_exposed_key_does_not_start(machine, tmp_path):
    """Its words say which file, and nothing of what is in it."""
    TokenKey.make(tmp_path / "token.key")
    (tmp_path / "token.key").chmod(0o644)
    token = subprocess.run(
        [sys.executable, "-m", "botplatform.supervisor", "wrap-signer", "--var", str(machine.folder)],
        cwd=ROOT,
        env={**os.environ, **machine.env},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    done = subprocess.run(
        [sys.executable, "-m", "vault", "serve"],
        cwd=ROOT,
        env={**os.environ, **machine.env, "VAULT_STATE": str(tmp_path), "VAULT_SOCKET": str(tmp_path / "s.sock")},
        input=token,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "token.key has mode 0644" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "s.sock").exists()
