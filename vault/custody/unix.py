"""hvac and requests over a unix socket."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import hvac
import requests
import requests.adapters
import urllib3.connection
import urllib3.connectionpool

_BASE = "http://openbao.socket"
_TIMEOUT = 10


class _Connection(urllib3.connection.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(self._path)


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", maxsize=4, block=True)
        self._path = path

    def _new_conn(self) -> _Connection:
        return _Connection(self._path)


class _Adapter(requests.adapters.HTTPAdapter):
    def __init__(self, path: str) -> None:
        self._pool = _Pool(path)
        super().__init__()

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> _Pool:
        return self._pool

    def request_url(self, request: requests.PreparedRequest, _proxies: Any) -> str:
        return request.path_url


def client(path: Path, token: str | None = None) -> hvac.Client:
    """An hvac client that speaks to the key store's socket."""
    session = requests.Session()
    session.trust_env = False
    session.mount(_BASE, _Adapter(str(path)))
    made = hvac.Client(url=_BASE, session=session)
    made.token = token  # hvac would otherwise look for one in the environment and the home folder
    return made
