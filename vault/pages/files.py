"""The files that the pages serve: read once, by name. No path from outside ever reaches the disk."""

from __future__ import annotations

from pathlib import Path

_OWN = Path(__file__).parent / "static" / "pages"
_TABLER = Path(__file__).parents[2] / "build" / "static" / "vendor" / "tabler.min.css"
_KINDS = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

INDEX = (Path(__file__).parent / "index.html").read_text()


def read_files() -> dict[str, tuple[str, bytes]]:
    """Content type and bytes by address. Where nothing was vendored the page is plainer, and works."""
    found = {f"/{path.name}": (_KINDS[path.suffix], path.read_bytes()) for path in _OWN.iterdir()}
    if _TABLER.exists():
        found["/tabler.min.css"] = (_KINDS[".css"], _TABLER.read_bytes())
    return found
