"""Starting the signer: log in to the key store, tidy up after the last run, open the socket, watch the accounts."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import logging
import shutil
import socket
from functools import partial
from pathlib import Path
from typing import IO

import uvicorn

from vault.custody.session import Keystore
from vault.server.application import Application
from vault.service import clocks, flatten, history, lost, references, roles, streams, watch
from vault.service.signer import Signer
from vault.service.witness import Witness
from vault.settings import VAULT
from vault.signing.line import Lines
from vault.signing.venue import Venue
from vault.tokens.tokens import Mint

log = logging.getLogger(__name__)

_ALLOCATED = 10_000  # objects more than were let go, after which garbage is looked for


class NoSuchGroup(Exception):
    """`VAULT_SOCKET_GROUP` names a group that is not there."""


class AnotherSigner(Exception):
    """Two signers on one ledger would each think that they alone decide."""


def alone(path: Path) -> IO[bytes]:
    """A lock that lasts as long as this process, however it ends."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise AnotherSigner("Another signer runs on this vault database. Stop it first.") from None
    return file


def signer_runs() -> bool:
    """Whether one runs on this machine, for commands that need it."""
    try:
        alone(VAULT.state / "signer.lock").close()
    except AnotherSigner:
        return True
    return False


async def serve(wrapping_token: str) -> None:
    """Run until SIGTERM.

    Raises AnotherSigner, and BadBootstrap when the key store does not let this process in.
    """
    lock = alone(VAULT.state / "signer.lock")
    keystore = Keystore.unwrap(VAULT.keystore_socket, wrapping_token)
    venues = _venues()
    signer = Signer(keystore=keystore, mint=Mint.load(VAULT.token_key), venues=venues)
    await signer.database.run(history.check)
    await signer.database.run(roles.check)
    await keystore.open()
    for venue in venues.values():
        await venue.open()
    witness = Witness(signer)
    await witness.begin()
    await signer.database.run(watch.after_a_stop)
    await references.begin(signer)
    tasks = (
        *(watch.watch(signer), references.gather(signer), clocks.watch(signer), flatten.watch(signer)),
        *(streams.watch(signer), lost.watch(signer), witness.watch(), keystore.keep_renewed()),
    )
    background = [asyncio.create_task(task) for task in tasks]
    # What is there now stays: to look through all of it for garbage would hold up an order now and then.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATED)
    try:
        await _listen(Application(signer), _bind(VAULT.signer_socket))
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        for venue in venues.values():
            await venue.close()
        await keystore.close()
        signer.database.close()
        lock.close()


def _venues() -> dict[str, Venue]:
    """Every exchange that the settings name an address for."""
    venue = partial(Venue, recv_window=VAULT.recv_window, timeout=VAULT.exchange_timeout)
    venues = {"paper": venue(VAULT.paper_base, paper=True, lines=_lines(VAULT.paper_streams))}
    if VAULT.binance_url:
        venues["binance"] = venue(VAULT.binance_url, lines=_lines(VAULT.binance_stream_url))
    return venues


def _lines(address: str | None) -> Lines | None:
    if address is None or not VAULT.streams:
        return None
    return Lines(address, ping_seconds=VAULT.stream_ping_seconds)


def _bind(path: Path) -> socket.socket:
    """A socket that only this user can reach, and the group that the settings name.

    One that a dead signer left behind is replaced. Raises NoSuchGroup.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        if VAULT.socket_group:
            _open_to(VAULT.socket_group, path)
    except BaseException:
        listener.close()
        raise
    return listener


def _open_to(group: str, path: Path) -> None:
    try:
        shutil.chown(path, group=group)
    except LookupError as why:
        raise NoSuchGroup(f"VAULT_SOCKET_GROUP: there is no group {group}. Make it, or unset it.") from why
    path.chmod(0o660)


async def _listen(application: Application, listener: socket.socket) -> None:
    config = uvicorn.Config(
        application,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
        http="httptools",
    )
    log.info("the signer listens")
    await uvicorn.Server(config).serve(sockets=[listener])
