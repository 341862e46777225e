"""Whose passkeys there are, and what they sign."""
