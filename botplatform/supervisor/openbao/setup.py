"""What the supervisor does with a running OpenBao: check it, finish its first start, hand out secret-ids."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import signal
import stat

from botplatform.supervisor.layout import write_private
from botplatform.supervisor.problems import Problem

from . import api, upgrade
from .files import BaoFiles

WRAPPING_TTL = "60s"
AUDIT_LOG_BYTES = 64_000_000


def _provisioner(files: BaoFiles) -> str:
    return api.login(files.socket, "provisioner", files.provisioner_secret_id.read_text())


def is_ready(files: BaoFiles) -> bool:
    """Active, and the provisioner can sign in. Raises Problem if the socket is open to others."""
    if api.health(files.socket) != api.OK:
        return False
    mode = stat.S_IMODE(files.socket.stat().st_mode)
    if mode & 0o007:
        raise Problem(f"OpenBao's socket {files.socket} has mode {mode:o}, which lets everybody in.")
    try:
        token = _provisioner(files)
    except api.BaoError:
        return False
    finish(files, token)
    _revoke(files, token)
    return True


async def is_ready_soon(files: BaoFiles) -> bool:
    """The same, beside other work."""
    return await asyncio.to_thread(is_ready, files)


def finish(files: BaoFiles, token: str) -> None:
    """After self-init: no root token is left, there is a recovery key, the policies are this version's.

    Raises Problem. Without a recovery key neither seal key nor policies could ever be changed.
    """
    wanted = upgrade.fingerprint()
    if files.initialised.exists():
        if files.initialised.read_text() == wanted:
            return
        upgrade.apply_policies(files, token)
    elif not files.recovery_key.exists():
        answer = api.demand(
            files.socket,
            "POST",
            "sys/rotate/recovery/init",
            token=token,
            body={"secret_shares": 1, "secret_threshold": 1},
        )
        write_private(files.recovery_key, str(answer["data"]["keys_base64"][0]).encode())
    if upgrade.root_accessors(files, token):
        raise Problem(f"OpenBao kept a root token; move {files.home} away and start again.")
    write_private(files.initialised, wanted.encode())


def warm_up(files: BaoFiles) -> None:
    """Have the wrapping key made: its first read takes seconds, which no person's import should. Raises BaoError."""
    token = _provisioner(files)
    try:
        api.demand(files.socket, "GET", "transit/wrapping_key", token=token, timeout=60)
    finally:
        _revoke(files, token)
    write_private(files.warm, b"")


def wrap_signer_secret_id(files: BaoFiles) -> str:
    """A wrapping token (60 s, one use) around a fresh secret-id of the signer. Raises BaoError."""
    token = _provisioner(files)
    try:
        answer = api.demand(
            files.socket,
            "POST",
            "auth/approle/role/signer/secret-id",
            token=token,
            body={},
            headers={"X-Vault-Wrap-TTL": WRAPPING_TTL},
        )
    finally:
        _revoke(files, token)
    return str(answer["wrap_info"]["token"])


def rotate_audit_log(files: BaoFiles, pid: int, limit: int = AUDIT_LOG_BYTES) -> None:
    """Set a large audit log aside under the time of day and have the server begin a new one. None is ever deleted."""
    log = files.audit_log
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_name(f"audit-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%f}.log"))
        os.kill(pid, signal.SIGHUP)


def _revoke(files: BaoFiles, token: str) -> None:
    with contextlib.suppress(api.BaoError):
        api.demand(files.socket, "POST", "auth/token/revoke-self", token=token, body={})
