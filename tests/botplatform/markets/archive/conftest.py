"""Candles to keep, an archive of a test's own, and a real paper exchange."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from botplatform.lib.layout import Layout
from strategies.backtest.candles import Candles
from tests.support.paper import PaperControl
from tests.support.processes import start, stop

MINUTE = 60_000
BEGIN = 1_700_000_040_000  # a full minute


def made(count, begin=BEGIN, span=MINUTE, seed=1):
    """A random walk."""
    chance = np.random.default_rng(seed)
    close = np.round(100 + np.cumsum(chance.normal(0, 0.02, count)), 2)
    opening = np.concatenate((close[:1], close[:-1]))
    return Candles(
        opened_at=begin + np.arange(count) * span,
        open=opening,
        high=np.round(np.maximum(opening, close) + 0.01, 2),
        low=np.round(np.minimum(opening, close) - 0.01, 2),
        close=close,
        volume=np.round(chance.random(count), 5),
        span=span,
    )


def same(one, other):
    return one.span == other.span and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("opened_at", "open", "high", "low", "close", "volume")
    )


@pytest.fixture
def archive_folder(settings, tmp_path):
    """The archive of this test alone; its `var`."""
    settings.LAYOUT = Layout(var=tmp_path, run=tmp_path, web_port=0, pages_port=0, paper_port=0)
    return tmp_path


@pytest.fixture(scope="module")
def paper():
    """A running paper exchange with two days of minutes; its `folder` has a layout that names it."""
    folder = Path(tempfile.mkdtemp(prefix="bp-"))
    process = start(
        *("-m", "botplatform.paper", "serve", "--folder", folder / "paper", "--port", "0"),
        *("--control", folder / "paper.sock", "--history-minutes", "2500", "--speed", "1"),
        log=folder / "paper.log",
        stdout=subprocess.PIPE,
    )
    try:
        ready = process.stdout.readline().decode()
        assert ready.startswith("paper exchange on"), (folder / "paper.log").read_text()
        port = int(ready.strip().rpartition(":")[2])
        (folder / "layout.json").write_text(json.dumps({"run": str(folder), "ports": {"web": 1, "paper": port}}))
        control = PaperControl(folder / "paper.sock")
        control.folder, control.port = folder, port
        yield control
    finally:
        stop(process)
        process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def paper_archive(paper, settings):
    """The archive beside the paper exchange, empty."""
    settings.LAYOUT = Layout(var=paper.folder, run=paper.folder, web_port=1, pages_port=1, paper_port=paper.port)
    shutil.rmtree(paper.folder / "candles", ignore_errors=True)
    paper.clear_faults()
    return paper
