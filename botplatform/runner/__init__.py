"""Runs bots: shards, slices, and the dispatcher that starts them."""
