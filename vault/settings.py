"""The vault's settings: its own database, its own key, nothing of the platform's.

Set from the environment with the prefix `VAULT_`. Where nothing is set, the paths are those that the supervisor
lays out in the state folder (`BOTPLATFORM_VAR`).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_VAR = Path(os.environ.get("BOTPLATFORM_VAR") or Path(__file__).parents[1] / "var").absolute()


class Environment(BaseSettings):
    """What can be set from outside. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix="VAULT_", extra="ignore")

    state: Path = _VAR / "vault"
    layout: Path = _VAR / "layout.json"
    socket: Path | None = None
    socket_group: str | None = None  # may connect besides the signer's own user: web, runners and pages of other users
    bao_socket: Path | None = None
    paper_url: str | None = None  # the one host that this signer talks to until the vault is hardened
    pages_origin: str | None = None  # such as https://vault.example.org; passkeys are bound to its host
    web_origin: str | None = None  # the one origin from which people may be sent on to the pages
    pages_host: str = "127.0.0.1"
    pages_port: int | None = None
    pages_key: Path = _VAR / "pages" / "pages.key"
    egress_address: str | None = None  # where exchanges see the signer's requests come from, for owners to bind keys to
    binance_url: str | None = None  # real money: the signer talks to Binance where this is set, and only there
    binance_stream_url: str | None = None  # wss://ws-api.binance.com:443/ws-api/v3; unset, its fills are asked for
    streams: bool = True  # whether private streams are opened at all
    lease_seconds: float = 10
    token_seconds: float = Field(default=120, gt=0, le=120)
    intake_key_overlap: float = 3600  # seconds after a rotation in which forms for the key before are still opened
    recv_window: float = 5  # how long the exchange takes a signed request for valid
    absence_margin: float = 1
    poll_seconds: float = 1  # between two readings of an account
    stream_poll_seconds: float = 10  # the same while its private stream is healthy and nothing is in doubt
    stream_ping_seconds: float = Field(default=10, gt=0)  # a stream that does not answer in half of that is gone
    stream_idle_seconds: float = 60  # how long a stream is kept when its last order is over
    reference_seconds: float = 5  # between two readings of all bids and asks
    exchange_timeout: float = 10
    clock_seconds: float = 30  # between two comparisons with an exchange's clock
    head_seconds: float = 2  # how often the heads of audit and ledger go to the key store
    head_patience: float = 30  # how long orders may be opened while they cannot
    checkpoint_seconds: float = 60
    database_url: str | None = Field(default=None, repr=False)  # PostgreSQL; unset, SQLite in the state folder
    database_signer: str = "vault_signer"  # the roles that `migrate` lets in, each to what it needs
    database_reader: str = "vault_reader"
    ledger_timeout: float = 10  # how long a write waits for another process's, a command's for example

    @field_validator("binance_url", "binance_stream_url")
    @classmethod
    def _encrypted(cls, address: str | None) -> str | None:
        """Signed requests cross a network only under TLS."""
        split = urlsplit(address or "")
        if address and split.scheme not in ("https", "wss") and split.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("it must be https or wss, or on this machine")
        return address

    @cached_property
    def _laid_out(self) -> dict[str, Any]:
        written: dict[str, Any] = json.loads(self.layout.read_text()) if self.layout.exists() else {}
        return written

    @property
    def run_folder(self) -> Path:
        return Path(self._laid_out.get("run") or self.layout.parent / "run")

    @property
    def signer_socket(self) -> Path:
        return self.socket or self.run_folder / "signer.sock"

    @property
    def keystore_socket(self) -> Path:
        return self.bao_socket or self.run_folder / "bao.sock"

    @property
    def paper_base(self) -> str:
        return self.paper_url or f"http://127.0.0.1:{self._laid_out.get('ports', {}).get('paper', 8010)}"

    @property
    def paper_streams(self) -> str:
        return self.paper_base.replace("http", "ws", 1) + "/ws-api/v3"

    @property
    def pages_site(self) -> str:
        """The origin of the vault's pages: what passkeys are bound to. Only the signer's word for it counts."""
        return self.pages_origin or f"http://localhost:{self.pages_listen_port}"

    @property
    def pages_listen_port(self) -> int:
        return self.pages_port or int(self._laid_out.get("ports", {}).get("pages", 8020))

    @property
    def web_site(self) -> str:
        return self.web_origin or f"http://localhost:{self._laid_out.get('ports', {}).get('web', 8000)}"

    @property
    def token_key(self) -> Path:
        return self.state / "token.key"

    @property
    def checkpoint_keys(self) -> Path:
        """The public keys of the audit's checkpoints. Keep a copy elsewhere: whoever can change the database can
        change this file, too."""
        return self.state / "checkpoint-keys.json"

    @property
    def intake_folder(self) -> Path:
        """Read by the intake child alone: its HPKE key and its AppRole secret-id."""
        return self.state / "intake"


try:
    VAULT = Environment()
except ValidationError as mistakes:
    for mistake in mistakes.errors():
        name = "VAULT_" + "_".join(str(part) for part in mistake["loc"]).upper()
        sys.stderr.write(f"{name}: {mistake['msg']} (it is {mistake['input']!r}). Correct it or unset it.\n")
    raise SystemExit(2) from None

with contextlib.suppress(PermissionError):  # the pages, under a user of their own, may not even see it
    VAULT.state.mkdir(mode=0o700, parents=True, exist_ok=True)

SECRET_KEY = "unused: the vault has no sessions, no forms and signs nothing with this"  # noqa: S105
INSTALLED_APPS = [
    "vault.grants",
    "vault.kills",
    "vault.passkeys",
    "vault.tokens",
    "vault.ledger",
    "vault.prices",
    "vault.audit",
]


def _database() -> dict[str, Any]:
    """Raises SystemExit when the address is none."""
    if VAULT.database_url is not None:
        from vault.postgresql import address

        try:
            return address.database(VAULT.database_url, timeout=VAULT.ledger_timeout)
        except address.BadAddress as why:
            sys.stderr.write(f"VAULT_DATABASE_URL: {why}\n")
            raise SystemExit(2) from None
    return {
        "ENGINE": "vault.sqlite",
        "NAME": VAULT.state / "vault.sqlite3",
        "CONN_MAX_AGE": None,  # closing the last connection would fold the log into the file, each time
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": VAULT.ledger_timeout,
            # An order changes a little of each of some thirty pages, and each is written whole: so they are small.
            "init_command": "PRAGMA page_size=2048; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            # Folded into the file after 16 MB: less often than usual, as the same pages are written again and again.
            "PRAGMA wal_autocheckpoint=8000; "
            # What a savepoint may have to undo is kept in memory, not in a file beside everybody else's.
            "PRAGMA temp_store=MEMORY;",
        },
    }


DATABASES: dict[str, dict[str, Any]] = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "vault.logs.Redacted", "fmt": "{asctime} {levelname} {name}: {message}", "style": "{"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
