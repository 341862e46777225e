"""The vault, real, for whoever needs it; one for all tests of a worker."""

import pytest
from django.core.cache import cache

from botplatform.exchanges import vault
from botplatform.lib.layout import Layout
from tests.support.cookies import sign_cookies
from tests.support.machine import Machine


@pytest.fixture(autouse=True)
def fresh_counts():
    """Rates of tries are counted in a cache of the process."""
    cache.clear()


@pytest.fixture(scope="session")
def machine():
    """OpenBao, the paper exchange and the signer. The market stands still unless a test moves it."""
    with Machine("--speed", "0.0001") as running:
        yield running


@pytest.fixture
def signer(machine, settings):
    """The platform in this process speaks to the machine's signer."""
    settings.LAYOUT = Layout(var=machine.folder, run=machine.run_folder, web_port=0, pages_port=0, paper_port=0)
    settings.PLATFORM_DIR = settings.LAYOUT.platform
    vault.web.cache_clear()
    yield machine
    if vault.web.cache_info().currsize:
        vault.web().close()
    vault.web.cache_clear()


sign_cookies()
