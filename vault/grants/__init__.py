"""What each bot may ever do, and the exchange keys it does it with."""
