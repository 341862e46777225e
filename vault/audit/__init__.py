"""The audit chain: written before the act, closed after it, and no act without it."""
