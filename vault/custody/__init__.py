"""The key store: keys go in through the intake child, and are used from here without ever being read."""
