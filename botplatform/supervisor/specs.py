"""What is to run, as data: processes that are kept running, and tasks that run once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .stamps import Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """Something that is kept running. It is started again, later and later, for as long as the supervisor lives."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()  # names that are ready, or done, before it starts
    prepare: Callable[[int], None] | None = None  # before each start, with the failed tries so far; may block
    stdin: Callable[[], str] | None = None  # makes the line for its standard input, at each start; may block
    ready: Callable[[], Awaitable[bool]] | None = None  # asked until it says yes; without it: ready at once
    ready_within: float = 60  # seconds; then it is ended and started again
    heartbeat: Path | None = None  # a file that it touches while it does its work
    tend: Callable[[int], None] | None = None  # called with its process id every `Pace.tend_every` seconds; quick
    grace: float = 3  # seconds from SIGTERM to SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that runs once, at the start. If it fails, a fatal one ends everything."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    needed: Callable[[], bool] | None = None
    stamp: Stamp | None = None  # it is not run while this is current
    fatal: bool = True
    remedy: str = "Correct what it says and run the same command again."  # a sentence: what to do if it fails


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """All of it, and what to tell the person once `announce_after` is ready and done."""

    parts: tuple[Process | Task, ...]
    announce: Callable[[], str] | None = None
    announce_after: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """A part may only name parts before it, so that every order is possible. Raises ValueError."""
        known: set[str] = set()
        for part in self.parts:
            if part.name in known or not set(part.after) <= known:
                raise ValueError(f"{part.name}: named twice, or after something that does not stand before it")
            known.add(part.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds. Tests are in more of a hurry than people are."""

    first_delay: float = 0.5
    longest_delay: float = 15
    healthy_after: float = 60  # a life this long starts the delays anew
    heartbeat_limit: float = 8
    heartbeat_from: float = 30  # a younger process owes none
    poll: float = 0.05
    stop_all: float = 8.5  # then everything that is left is killed
    state_every: float = 2
    tend_every: float = 60
