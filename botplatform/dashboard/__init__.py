"""The trader's pages."""
