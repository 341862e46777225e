"""The chain as JSON lines: what it is, the public keys, every entry, every checkpoint, and a last line with the count.

An export is checked like the database (`vault.audit.verify`), anywhere and without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vault.audit import chain, checkpoints
from vault.audit.checkpoints import Keys
from vault.audit.models import Checkpoint, Entry

_WHAT = "botplatform audit export"


class NotAnExport(Exception):
    """The file is something else, or was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    keys: dict[int, str]
    entries: list[dict[str, Any]]
    checkpoints: list[dict[str, Any]]


def entries() -> Iterator[dict[str, Any]]:
    """The database's own, oldest first."""
    yield from map(chain.plain, Entry.objects.order_by("height").iterator())


def signed() -> Iterator[dict[str, Any]]:
    yield from map(checkpoints.plain, Checkpoint.objects.order_by("height").iterator())


def lines(keys: Keys) -> Iterator[str]:
    """Run inside one transaction, so that it is of one moment."""
    count = 0
    yield _line({"what": _WHAT, "v": 1, "keys": {str(version): key for version, key in keys.items()}})
    for entry in entries():
        count += 1
        yield _line({"entry": entry})
    for checkpoint in signed():
        yield _line({"checkpoint": checkpoint})
    yield _line({"entries": count})


def read(path: Path) -> Export:
    """Raises NotAnExport, OSError."""
    found: dict[str, list[dict[str, Any]]] = {"entry": [], "checkpoint": []}
    first: dict[str, Any] | None = None
    count = None
    try:
        with path.open() as file:
            for text in file:
                line = json.loads(text)
                if first is None:
                    first = line
                    continue
                if "entries" in line:
                    count = line["entries"]
                    continue
                ((kind, what),) = line.items()
                found[kind].append(what)
        if first is None or (first["what"], first["v"]) != (_WHAT, 1):
            raise NotAnExport(f"{path} is no audit export of this version.")
        keys = {int(version): str(key) for version, key in first["keys"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as why:
        raise NotAnExport(f"{path} is no audit export, or was changed: {why!r}") from why
    if count is None:
        raise NotAnExport(f"{path} was cut off: its last line is missing.")
    return Export(keys=keys, entries=found["entry"], checkpoints=found["checkpoint"])


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) + "\n"
