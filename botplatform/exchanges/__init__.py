"""A user's exchange accounts, and the platform's only door to the vault."""
