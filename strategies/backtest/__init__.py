"""Backtests: the live strategies over candles, jumping from one bar that matters to the next."""
