"""Who may ask: enrolled keys, leases with fences, tokens and proofs."""
