"""Grid trading."""

from strategies.grid.bot import Grid, Spacing

__all__ = ["Grid", "Spacing"]
