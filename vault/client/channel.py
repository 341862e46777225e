"""Requests over the signer's socket, and its answers as words or as exceptions."""

from __future__ import annotations

import http.client
import socket
import threading
from pathlib import Path
from typing import TypeVar

import msgspec

from vault import clock
from vault.messages.answers import ErrorAnswer
from vault.messages.refusals import Code, OutcomeUnknown, Refused, Retry

T = TypeVar("T")
_OK = 200
_IDLE = 3.0  # seconds; after five the signer hangs up, and might do so while the next request is on its way


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path
        self.used_at = clock.monotonic()

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Channel:
    """One connection a thread, opened again when it was lost."""

    def __init__(self, path: Path, timeout: float = 20) -> None:
        self._path = path
        self._timeout = timeout
        self._local = threading.local()

    def post(self, path: str, body: bytes, headers: dict[str, str], form: type[T], *, within: float | None = None) -> T:
        """The signer's answer, waited for so many seconds.

        Raises Refused or Retry as the signer says; Retry(NOT_READY) when it could not be reached at all;
        OutcomeUnknown when the request may have arrived and no answer came.
        """
        connection = self._connect()
        try:
            if connection.sock is not None:
                connection.sock.settimeout(self._timeout if within is None else within)
            connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            content = response.read()
            connection.used_at = clock.monotonic()
        except (OSError, http.client.HTTPException) as why:
            self.close()
            raise OutcomeUnknown(f"The signer did not answer ({type(why).__name__}).") from why
        if response.status == _OK:
            return msgspec.json.decode(content, type=form)
        raise _error(content)

    def close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _connect(self) -> _Connection:
        kept: _Connection | None = getattr(self._local, "connection", None)
        if kept is not None and clock.monotonic() - kept.used_at < _IDLE and not _closed_by_peer(kept):
            return kept
        self.close()
        made = _Connection(self._path, self._timeout)
        try:
            made.connect()
        except OSError as why:
            made.close()
            raise Retry(Code.NOT_READY, f"Its socket does not answer ({type(why).__name__}).") from why
        self._local.connection = made
        return made


def _closed_by_peer(connection: _Connection) -> bool:
    """Whether the signer has hung up on an idle connection: only then is a new one safe without repeating anything."""
    if connection.sock is None:
        return True
    connection.sock.setblocking(False)
    try:
        return connection.sock.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.sock.settimeout(connection.timeout)


def _error(content: bytes) -> Exception:
    try:
        answer = msgspec.json.decode(content, type=ErrorAnswer)
        match answer.kind:
            case "refused":
                return Refused(Code(answer.code), answer.detail)
            case "retry":
                return Retry(Code(answer.code), answer.detail, answer.after)
    except (msgspec.DecodeError, ValueError):
        return OutcomeUnknown("The signer's answer cannot be read.")
    return OutcomeUnknown(answer.sentence)
