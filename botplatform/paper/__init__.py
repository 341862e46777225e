"""The paper exchange: an HTTP and WebSocket server that speaks Binance's spot API.

Unmodified `ccxt.binance` and `ccxt.pro.binance` trade on it. It is the counterparty of paper accounts and of
the fault tests; it imports nothing of the project. `docs/paper-exchange.md` describes its options, its control
API and its faults.
"""
