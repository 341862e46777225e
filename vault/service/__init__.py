"""What the signer does, each thing one readable sequence of steps."""
