"""The vault in a file: Django's own backend for SQLite, whose transactions begin and end at once."""
