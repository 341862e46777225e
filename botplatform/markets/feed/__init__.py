"""The feed: one connection to each exchange's public data, however many bots watch."""
