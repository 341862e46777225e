"""All bots of one person at a glance."""
