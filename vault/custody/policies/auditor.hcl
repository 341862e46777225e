# The auditor sees what exists and what was done. Metadata alone.
path "sys/audit"             { capabilities = ["read", "sudo"] }
path "sys/audit-hash/file"   { capabilities = ["update"] }
path "sys/mounts"            { capabilities = ["read"] }
path "sys/auth"              { capabilities = ["read"] }
path "sys/policies/acl"      { capabilities = ["list"] }
path "sys/policies/acl/*"    { capabilities = ["read"] }
path "sys/metrics"           { capabilities = ["read"] }
path "transit/keys"          { capabilities = ["list"] }
path "transit/keys/+"        { capabilities = ["read"] }
path "envelope/keys"         { capabilities = ["list"] }
path "envelope/keys/+"       { capabilities = ["read"] }
path "heads/data/signer"     { capabilities = ["read"] }
path "heads/metadata/signer" { capabilities = ["read"] }

# What a token does for itself: instead of the built-in "default" policy.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
