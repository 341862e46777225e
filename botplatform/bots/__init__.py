"""Bots, their deals, orders and fills: what was wished, and what came of it."""
