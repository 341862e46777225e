"""One OpenBao a worker for the tests that only ask it something."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from botplatform.supervisor.openbao.embedded import EmbeddedBao


@pytest.fixture
def var():
    """A state folder with a short path, as sockets like it."""
    folder = Path(tempfile.mkdtemp(prefix="bp-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def bao():
    folder = Path(tempfile.mkdtemp(prefix="bp-"))
    with EmbeddedBao(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)
