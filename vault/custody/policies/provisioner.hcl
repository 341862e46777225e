# The supervisor's own: it hands the signer wrapped secret-ids. The role's name is pinned and the wrapping mandatory,
# so it never sees a secret-id itself.
path "auth/approle/role/signer/secret-id" {
  capabilities     = ["update"]
  min_wrapping_ttl = "1s"
  max_wrapping_ttl = "120s"
}

# After the first start: make the recovery key, see that no root token is left, have the wrapping key made (its
# first read takes seconds; it is a public key).
path "sys/rotate/recovery/init"     { capabilities = ["update", "read", "delete", "sudo"] }
path "auth/token/accessors"         { capabilities = ["list", "sudo"] }
path "auth/token/lookup-accessor"   { capabilities = ["update"] }
path "transit/wrapping_key"         { capabilities = ["read"] }

# When a policy of ours has changed: a root token for that moment. This takes the recovery key as well.
path "sys/generate-root-token/*" { capabilities = ["create", "update", "read", "delete", "sudo"] }

# What a token does for itself: instead of the built-in "default" policy.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
