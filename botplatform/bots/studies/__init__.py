"""Backtests and sweeps that somebody asked for on a page: a row each, done by the cluster `default`, kept."""
