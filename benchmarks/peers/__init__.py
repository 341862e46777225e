"""Other backtesters, each in an environment of its own, with the same jobs over the same candles."""
