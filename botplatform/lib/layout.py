"""Where this installation keeps things: the state folder, its ports and its sockets.

The supervisor chooses ports and the sockets' folder once and writes them to `layout.json` in the state
folder; every other process reads them there, so that a command typed by hand finds the same ones.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One installation's folders, sockets and loopback ports."""

    var: Path
    run: Path  # sockets; short, because a socket's path may not exceed 107 characters
    web_port: int
    pages_port: int
    paper_port: int

    @property
    def signer_socket(self) -> Path:
        return self.run / "signer.sock"

    @property
    def ticks_socket(self) -> Path:
        return self.run / "ticks.sock"

    @property
    def paper_control(self) -> Path:
        return self.run / "paper.sock"

    @property
    def platform(self) -> Path:
        return self.var / "platform"

    @property
    def processes(self) -> Path:
        """What the supervisor last knew of each process, as JSON."""
        return self.run / "processes.json"


def state_folder() -> Path:
    """The folder named by `BOTPLATFORM_VAR`, or `var` in the project's own folder."""
    return Path(os.environ.get("BOTPLATFORM_VAR") or Path(__file__).parents[2] / "var").absolute()


@cache
def layout() -> Layout:
    """The layout that the supervisor wrote, or the defaults of one that has not run yet."""
    var = state_folder()
    written = var / "layout.json"
    chosen = json.loads(written.read_text()) if written.exists() else {}
    ports = chosen.get("ports", {})
    return Layout(
        var=var,
        run=Path(chosen.get("run") or var / "run"),
        web_port=int(ports.get("web", 8000)),
        pages_port=int(ports.get("pages", 8020)),
        paper_port=int(ports.get("paper", 8010)),
    )
