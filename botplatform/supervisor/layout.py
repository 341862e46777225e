"""The state folder, its ports and its sockets' folder, chosen on the first start and kept.

`VAR/layout.json` is read by every other process through `botplatform.lib.layout`:
{"run": folder of the sockets, "ports": {"web", "pages", "paper", "openbao", "openbao_cluster"}}
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .problems import Problem

LONGEST_SOCKET_PATH = 100  # the kernel takes 107
SOCKETS = ("signer.sock", "ticks.sock", "paper.sock", "bao.sock")
HIGHEST_PORT = 65535
PREFERRED_WEB_PORT = 8000
PREFERRED_PAGES_PORT = 8020  # kept for good: passkeys belong to an address with its port
INNER_PORTS = range(20000, 32000)  # below the kernel's own range, so that no outgoing connection sits on one


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One installation's folders and loopback ports."""

    var: Path
    run: Path
    web_port: int
    pages_port: int
    paper_port: int
    openbao_port: int
    openbao_cluster_port: int

    @property
    def bao_socket(self) -> Path:
        return self.run / "bao.sock"

    @property
    def signer_socket(self) -> Path:
        return self.run / "signer.sock"

    @property
    def ticks_socket(self) -> Path:
        return self.run / "ticks.sock"

    @property
    def paper_socket(self) -> Path:
        return self.run / "paper.sock"

    @property
    def processes(self) -> Path:
        return self.run / "processes.json"

    @property
    def logs(self) -> Path:
        return self.var / "logs"

    @property
    def sign_in(self) -> Path:
        return self.var / "sign-in.txt"


def private_folder(path: Path) -> Path:
    """Make a folder, and the missing ones above it, that only this user can enter.

    Raises Problem if somebody else owns it.
    """
    if not path.parent.exists():
        private_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if path.is_symlink() or status.st_uid != os.geteuid():
        raise Problem(f"{path} belongs to somebody else or is a link; remove it or choose another VAR.")
    if status.st_mode & 0o777 != 0o700:  # noqa: PLR2004
        path.chmod(0o700)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by one that only this user can read, in one step."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def open_layout(var: Path, port: int | None = None) -> Layout:
    """Read the layout of `var`, or choose one and write it; an explicit `port` replaces the web's.

    Raises Problem if `port` is not a port or the folder is not ours.
    """
    var = private_folder(var.absolute())
    if port is not None and not 0 < port <= HIGHEST_PORT:
        raise Problem(f"PORT={port} is no port; choose one from 1024 to {HIGHEST_PORT}.")
    path = var / "layout.json"
    try:
        written = json.loads(path.read_text()) if path.exists() else {}
        ports = {name: int(number) for name, number in written.get("ports", {}).items()}
    except (ValueError, AttributeError):
        raise Problem(f"{path} can't be read as JSON; correct it or delete it.") from None
    chosen = _ports(ports, port)
    run = private_folder(_sockets_folder(var))
    content = {"run": str(run), "ports": chosen}
    if content != written:
        write_private(path, json.dumps(content, indent=2).encode() + b"\n")
    return Layout(
        var=var,
        run=run,
        web_port=chosen["web"],
        pages_port=chosen["pages"],
        paper_port=chosen["paper"],
        openbao_port=chosen["openbao"],
        openbao_cluster_port=chosen["openbao_cluster"],
    )


def _ports(kept: dict[str, int], web: int | None) -> dict[str, int]:
    taken = set(kept.values())

    def free(candidates: range | list[int]) -> int:
        for candidate in candidates:
            if candidate not in taken and port_is_free(candidate):
                taken.add(candidate)
                return candidate
        raise Problem("No free port was found on the loopback address; end something that listens there.")

    inner = random.sample(INNER_PORTS, k=500)
    return {
        "web": web or kept.get("web") or free(range(PREFERRED_WEB_PORT, PREFERRED_WEB_PORT + 1000)),
        "pages": kept.get("pages") or free(range(PREFERRED_PAGES_PORT, PREFERRED_PAGES_PORT + 1000)),
        **{name: kept.get(name) or free(inner) for name in ("paper", "openbao", "openbao_cluster")},
    }


def _sockets_folder(var: Path) -> Path:
    run = var / "run"
    if max(len(os.fsencode(run / name)) for name in SOCKETS) <= LONGEST_SOCKET_PATH:
        return run
    name = f"botplatform-{os.geteuid()}-{hashlib.sha256(os.fsencode(var)).hexdigest()[:12]}"
    return Path(tempfile.gettempdir()) / name


def lock(var: Path) -> IO[str]:
    """Hold the state folder for one supervisor. Raises Problem if another one has it.

    The lock ends with the returned file: it survives no crash.
    """
    file = (var / "supervisor.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise Problem(
            f"Botplatform already runs on {var} (process {owner}); stop it with Ctrl-C or choose another VAR."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
