"""`kill -9` of the worker in its slice and of the cluster: nothing lost, nothing doubled, trading again in 30 s."""

import pytest

from tests.support.platform import Platform
from tests.system.kill_nine import RECOVERY, Scenario

pytestmark = pytest.mark.xdist_group("kill_nine")  # one platform for all of them


@pytest.fixture(scope="module")
def platform():
    # A market that stands still unless the test moves it.
    with Platform("--speed", "0.0001", recv_window="5") as running:
        yield running


@pytest.mark.parametrize("seed", [3, 5])
def test_a_killed_runner_is_taken_over_and_no_order_is_lost_or_doubled(platform, seed):
    assert Scenario(platform, seed).run() < RECOVERY


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(100, 120))
def test_twenty_kills(platform, seed):
    assert Scenario(platform, seed).run() < RECOVERY
