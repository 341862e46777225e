"""The state of each process, for everybody to read: `run/processes.json`.

{"at": time, "processes": {name: {"state", "pid", "restarts", "since"}}}, times in ISO 8601 UTC; a file whose `at`
is older than some seconds was left by a supervisor that is gone.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

State = Literal["starting", "ready", "stopping", "backoff", "exited"]


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True)
class Entry:
    state: State
    pid: int | None
    restarts: int
    since: str


class Board:
    """Keeps the file current. Each change replaces it in one step."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries: dict[str, Entry] = {}

    def put(self, name: str, state: State, pid: int | None = None, restarts: int = 0) -> None:
        self.entries[name] = Entry(state, pid, restarts, _now())
        self.write()

    def write(self) -> None:
        content = {"at": _now(), "processes": {name: asdict(entry) for name, entry in self.entries.items()}}
        beside = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file)
        beside.replace(self._path)
