"""Runs a task once and shows its output if it fails."""

from __future__ import annotations

import asyncio
import time

from .layout import Layout
from .logs import Log
from .problems import Problem
from .sessions import kill_session
from .spawn import exited, pump, spawn
from .specs import Task
from .terminal import Terminal

LAST_WORDS_SECONDS = 1


async def run_task(task: Task, layout: Layout, terminal: Terminal) -> None:
    """Run to the end. Raises Problem if it fails and is fatal."""
    if task.needed is not None and not task.needed():
        return
    if task.stamp is not None and await asyncio.to_thread(task.stamp.is_current):
        return
    began = time.monotonic()
    log = Log(layout.logs / f"{task.name}.log")
    try:
        process = await spawn(layout, task.argv, task.env)
        pumping = asyncio.create_task(pump(process, log.take))
        try:
            code = await exited(process)
        finally:
            kill_session(process.pid)
            await asyncio.wait([pumping], timeout=LAST_WORDS_SECONDS)
            pumping.cancel()
    finally:
        log.close()
    if code == 0:
        if task.stamp is not None:
            task.stamp.renew()
        terminal.say(task.name, f"done in {time.monotonic() - began:.1f} s")
        return
    terminal.say(task.name, log.last_lines() or "(it said nothing)")
    sentence = f"{task.name} failed with code {code}; its output is in {log.path}. {task.remedy}".rstrip()
    if task.fatal:
        raise Problem(sentence)
    terminal.say(task.name, sentence, bad=True)
