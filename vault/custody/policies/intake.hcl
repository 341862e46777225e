# Intake brings keys in, has them made, and retires them. It can neither use nor read one.
path "transit/wrapping_key" { capabilities = ["read"] }

path "transit/keys/+/import" {
  capabilities        = ["update"]
  allowed_parameters  = {
    "type"          = ["hmac", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256"]
    "hash_function" = ["SHA256"]
    "ciphertext"    = []
  }
  required_parameters = ["type", "ciphertext"]
}
path "transit/keys/+/import_version" {
  capabilities        = ["update"]
  allowed_parameters  = {
    "hash_function" = ["SHA256"]
    "ciphertext"    = []
  }
  required_parameters = ["ciphertext"]
}

# Keys born in the vault; reading one gives its public half.
path "transit/keys/+" {
  capabilities        = ["create", "update", "read", "delete"]
  allowed_parameters  = {
    "type"   = ["ed25519", "rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256"]
    "format" = ["pem"]
  }
}

# Load-bearing: with `exportable` allowed here every key could be taken out.
path "transit/keys/+/config" {
  capabilities       = ["update"]
  allowed_parameters = {
    "deletion_allowed"       = []
    "min_decryption_version" = []
    "min_encryption_version" = []
  }
}

path "envelope/encrypt/accounts" {
  capabilities        = ["update"]
  allowed_parameters  = {
    "plaintext"       = []
    "associated_data" = []
  }
  required_parameters = ["plaintext", "associated_data"]
}

# A "+" cannot say "acct-*". A key of another name is of no use to the signer; the one that exists is shut.
path "transit/keys/audit-checkpoint"   { capabilities = ["deny"] }
path "transit/keys/audit-checkpoint/*" { capabilities = ["deny"] }

# What a token does for itself: instead of the built-in "default" policy.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
