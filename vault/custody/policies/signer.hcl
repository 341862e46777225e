# The signer uses named keys. It can neither read, make, change nor delete one.
# "acct-*" covers acct-<id> and acct-<id>/<algorithm>.
path "transit/hmac/acct-*" {
  capabilities       = ["update"]
  allowed_parameters = {
    "input"       = []
    "batch_input" = []
    "algorithm"   = ["sha2-256", "sha2-384", "sha2-512"]
  }
}
path "transit/sign/acct-*" {
  capabilities       = ["update"]
  allowed_parameters = {
    "input"                = []
    "batch_input"          = []
    "hash_algorithm"       = []
    "signature_algorithm"  = []
    "marshaling_algorithm" = []
  }
}

# Passphrases and API keys, each bound to its credential and owner by the associated data.
path "envelope/decrypt/accounts" {
  capabilities        = ["update"]
  allowed_parameters  = {
    "ciphertext"      = []
    "associated_data" = []
  }
  required_parameters = ["ciphertext", "associated_data"]
}

# The head of ledger and audit: signed, and kept here by compare-and-set (the mount demands it).
path "transit/sign/audit-checkpoint" {
  capabilities       = ["update"]
  allowed_parameters = { "input" = [] }
}
# The public half: checkpoints are checked with it, offline.
path "transit/keys/audit-checkpoint" { capabilities = ["read"] }
path "heads/data/signer" {
  capabilities        = ["create", "update", "read"]
  allowed_parameters  = {
    "data"    = []
    "options" = []
  }
}

# What a token does for itself: instead of the built-in "default" policy, which halves the throughput.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
