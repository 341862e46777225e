"""axe-core over a page in a browser: what somebody who cannot see, hear or point would stumble over."""

import json
import os
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


@cache
def source():
    """Skips the test, or fails it where everything is expected to be there."""
    if not SOURCE.is_file():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("axe-core is missing: make install-tests")
    return SOURCE.read_text()


def stumbled_over(page):
    """The rules that this page breaks seriously, each with where; it is only looked at."""
    page.evaluate(source() + "; undefined")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{each['id']} ({each['impact']}): {json.dumps([node['target'] for node in each['nodes']][:4])} {each['nodes'][0].get('failureSummary', '')[:300]}"
        for each in found
        if each["impact"] in SERIOUS
    ]
