"""The signer's own idea of what things cost, so that no runner can tell it."""
