"""An exchange's public data through ccxt.pro."""

from __future__ import annotations

import ccxt.pro
from django.conf import settings


class PaperData(ccxt.pro.binance):  # type: ignore[misc]  # ccxt has no types
    """The paper exchange speaks Binance's protocol; only the addresses differ. Numbers come as strings."""

    number = str

    def __init__(self, port: int) -> None:
        rest, stream = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        super().__init__(
            {
                "enableRateLimit": False,
                "newUpdates": False,  # with it, tickers that arrive together are lost but for one
                "timeout": 5000,
                "options": {
                    "fetchMarkets": {"types": ["spot"]},
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                    "watchTickers": {"name": "miniTicker"},
                },
                "urls": {
                    "api": {
                        "public": f"{rest}/api/v3",
                        "private": f"{rest}/api/v3",
                        "v1": f"{rest}/api/v1",
                        "sapi": f"{rest}/sapi/v1",
                        "ws": {
                            "spot": f"{stream}/ws",
                            "margin": f"{stream}/ws",
                            "ws-api": {"spot": f"{stream}/ws-api/v3"},
                        },
                    },
                },
            }
        )


def paper_data() -> PaperData:
    """Public data of this installation's paper exchange. Close it when done."""
    return PaperData(settings.LAYOUT.paper_port)
