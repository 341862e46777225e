"""What the vault has of a person, read-only."""
