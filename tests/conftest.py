"""What holds for every test."""

import signal

import pytest
from _pytest.nodeid import coerce_node_id

# Whoever starts the tests in the background may have them ignore it, and so would what they start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """pytest 9.2 knows a test by `_id`, and xdist 3.8 writes a group into `_nodeid`: without this it has none."""
    for item in items:
        grouped = item.__dict__.get("_nodeid", "")
        if "@" in grouped:
            item._id = coerce_node_id(grouped)
