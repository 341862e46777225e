"""All deals of one person."""
