"""Building a bot of any kind: typed settings in, and everything that follows from them while the hand still moves."""
