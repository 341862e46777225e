"""Public market data: what can be traded, its filters, its candles, and the feed that keeps them."""
