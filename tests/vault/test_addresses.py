"""Where signed requests may go: under TLS, or no further than this machine."""

import pytest
from pydantic import ValidationError

from vault.settings import Environment


@pytest.mark.parametrize("name", ["binance_url", "binance_stream_url"])
@pytest.mark.parametrize("address", ["http://api.binance.com", "ws://ws-api.binance.com", "ftp://x", "api.binance.com"])
def test_an_address_without_tls_is_refused(name, address):
    with pytest.raises(ValidationError, match="https or wss"):
        Environment(**{name: address})


@pytest.mark.parametrize("address", ["https://api.binance.com", "wss://x:443/ws", "http://127.0.0.1:8010", None])
def test_tls_or_this_machine_passes(address):
    assert Environment(binance_url=address).binance_url == address
