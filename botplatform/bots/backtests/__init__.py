"""Backtests as the platform runs them: a description in JSON, candles from a file, and what came of it."""
