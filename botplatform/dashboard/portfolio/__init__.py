"""What a person has, where it is, and what bots lay claim to."""
