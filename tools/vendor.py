"""Copies from node_modules what the browser is served, into build/static/vendor, and says what it copied.

Comments that name source maps go: the maps are not served, and Django's manifest storage fails on a missing file.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "build" / "static" / "vendor"
CHARTS = "lightweight-charts"
FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "lightweight-charts.standalone.production.js": f"{CHARTS}/dist/lightweight-charts.standalone.production.js",
    "lightweight-charts.LICENSE.txt": f"{CHARTS}/LICENSE",
}
SOURCE_MAP = re.compile(rb"[ \t]*(?:/\*[#@] *sourceMappingURL=[^*]*\*/|//[#@] *sourceMappingURL=\S*)[ \t]*\n?")


def without_source_map(content: bytes) -> bytes:
    """The same file without the comment that names its source map."""
    return SOURCE_MAP.sub(b"", content)


def copy(modules: Path, target: Path) -> list[str]:
    """Replace `target` by fresh copies: a line about each. Raises FileNotFoundError with the name that is missing."""
    missing = [source for source in FILES.values() if not (modules / source).is_file()]
    if missing:
        raise FileNotFoundError(f"The npm packages lack {', '.join(missing)}; correct FILES in tools/vendor.py.")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    lines = []
    for name, source in FILES.items():
        content = without_source_map((modules / source).read_bytes())
        (target / name).write_bytes(content)
        lines.append(f"  {name:44} {len(content) / 1000:7.0f} kB")
    return lines


if __name__ == "__main__":
    try:
        sys.stdout.write("\n".join(copy(ROOT / "node_modules", TARGET)) + "\n")
    except FileNotFoundError as error:
        sys.exit(str(error))
