"""What bots do, as pure questions about a deal. No clock, network, database or randomness in here."""
