"""The vault's own pages: connecting keys, approving grants, passkeys. They pass sealed forms on and hold nothing."""
