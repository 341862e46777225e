"""A person's backtests and sweeps: what was asked for, how far it is, what came of it."""
