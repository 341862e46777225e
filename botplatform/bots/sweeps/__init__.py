"""Sweeps: one bot's backtest with many settings, the best of them, and how they did on candles that they never saw."""
