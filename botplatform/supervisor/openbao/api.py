"""Calls to OpenBao on its unix socket, with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any

from botplatform.supervisor.problems import Problem

OK = 200


class UnixConnection(http.client.HTTPConnection):
    """HTTP on a unix socket; `timeout` in seconds."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class BaoError(Problem):
    """OpenBao refused or did not answer; the text carries its status and words, never a secret."""


def call(
    path: Path,
    method: str,
    name: str,
    *,
    token: str | None = None,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 30,
) -> tuple[int, dict[str, Any]]:
    """One request to `/v1/<name>`: its status and JSON. Raises OSError or HTTPException if nobody answers."""
    connection = UnixConnection(path, timeout)
    sent = {"X-Vault-Request": "true", **(headers or {})}
    if token:
        sent["X-Vault-Token"] = token
    if body is not None:
        sent["Content-Type"] = "application/json"
    try:
        connection.request(method, f"/v1/{name}", body=None if body is None else json.dumps(body), headers=sent)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    try:
        decoded = json.loads(content) if content else {}
    except ValueError:
        decoded = {"errors": [content.decode(errors="replace")]}
    return answer.status, decoded if isinstance(decoded, dict) else {"data": decoded}


def demand(path: Path, method: str, name: str, **rest: Any) -> dict[str, Any]:
    """Like `call`, but anything other than success raises BaoError."""
    try:
        status, answer = call(path, method, name, **rest)
    except (OSError, http.client.HTTPException) as error:
        raise BaoError(f"OpenBao does not answer on {path} ({error}).") from error
    if status not in {OK, 204}:
        raise BaoError(f"OpenBao answered {status} to {method} {name}: {answer.get('errors')}")
    return answer


def health(path: Path) -> int | None:
    """The status of sys/health: 200 active, 503 sealed, 501 not initialised; None if nobody answers."""
    try:
        return call(path, "GET", "sys/health", timeout=5)[0]
    except (OSError, http.client.HTTPException):
        return None


def login(path: Path, role: str, secret_id: str) -> str:
    """A token for an AppRole whose role-id is its name. Raises BaoError."""
    answer = demand(path, "POST", "auth/approle/login", body={"role_id": role, "secret_id": secret_id})
    return str(answer["auth"]["client_token"])
