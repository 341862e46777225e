"""The files that the pages serve: read once, by name. No path from outside ever reaches the disk."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

_OWN = Path(__file__).parent / "static" / "pages"
_TABLER = Path(__file__).parents[2] / "build" / "static" / "vendor" / "tabler.min.css"
_KINDS = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_DAY = "private, max-age=86400"

INDEX = (Path(__file__).parent / "index.html").read_text()


@dataclass(frozen=True, slots=True)
class File:
    """`packed` by gzip: what is the same for everybody gives nothing away by its length."""

    kind: str
    content: bytes
    packed: bytes
    kept: str = "no-store"  # Cache-Control: our own scripts are always the signer's age


def read_files() -> dict[str, File]:
    """By address. Where nothing was vendored the page is plainer, and works."""
    found = {f"/{path.name}": _read(path) for path in _OWN.iterdir()}
    if _TABLER.exists():
        found["/tabler.min.css"] = _read(_TABLER, _DAY)
    return found


def _read(path: Path, kept: str = "no-store") -> File:
    content = path.read_bytes()
    return File(_KINDS[path.suffix], content, gzip.compress(content, mtime=0), kept)
