"""OpenBao's configuration: the server, and what it makes of itself on its first start (self-init).

Self-init runs with a root token that OpenBao revokes itself. Values come from files at that moment, so that no
secret stands in the configuration.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botplatform.supervisor.problems import Problem

POLICIES = Path(__file__).parents[3] / "vault" / "custody" / "policies"
ROLES: dict[str, dict[str, Any]] = {
    # Handed out wrapped, by the provisioner, at every start of the signer.
    "signer": {"token_period": "20m", "secret_id_ttl": "10m", "secret_id_num_uses": 1},
    # One intake is at most eight calls; its secret-id lies in a file that the exec'd child alone reads.
    "intake": {"token_ttl": "2m", "token_max_ttl": "2m", "token_num_uses": 16},
    "auditor": {"token_ttl": "20m", "token_max_ttl": "1h", "secret_id_ttl": "10m", "secret_id_num_uses": 1},
    "provisioner": {"token_ttl": "2m", "token_max_ttl": "5m"},
}
ENVELOPE_KEY = "accounts"
CHECKPOINT_KEY = "audit-checkpoint"


def _quoted(value: object) -> str:
    text = str(value)
    if "${" in text or "\n" in text:
        raise Problem(f"OpenBao can't use a path like {text!r}; choose a VAR without ${{ and line breaks.")
    return json.dumps(text, ensure_ascii=False)


def server(*, home: Path, socket: Path, port: int, cluster_port: int) -> str:
    """The server's own part; `home` is the folder that holds data, seal, tls and audit."""
    return f"""
ui                = false
api_addr          = "https://127.0.0.1:{port}"
cluster_addr      = "https://127.0.0.1:{cluster_port}"
cluster_name      = "embedded"
log_level         = "info"
max_lease_ttl     = "24h"
default_lease_ttl = "1h"

storage "raft" {{
  path                   = {_quoted(home / "data")}
  node_id                = "embedded"
  performance_multiplier = 1
}}

# socket_mode counts only with user and group beside it.
listener "unix" {{
  address      = {_quoted(socket)}
  socket_mode  = "600"
  socket_user  = "{os.geteuid()}"
  socket_group = "{os.getegid()}"
}}

# Raft wants an address. It answers for metrics alone.
listener "tcp" {{
  address         = "127.0.0.1:{port}"
  tls_cert_file   = {_quoted(home / "tls" / "server.pem")}
  tls_key_file    = {_quoted(home / "tls" / "server.key")}
  tls_min_version = "tls13"
  telemetry {{
    metrics_only = true
  }}
}}

seal "static" {{
  current_key_id = "k1"
  current_key    = {_quoted(f"file://{home / 'seal' / 'unseal.key'}")}
}}

audit "file" "file" {{
  description = "every request; secrets are keyed hashes"
  options {{
    file_path = {_quoted(home / "audit" / "audit.log")}
    mode      = "0600"
  }}
}}
"""


@dataclass(slots=True)
class _Requests:
    """The requests of self-init, in order."""

    written: list[str] = field(default_factory=list)

    def add(self, path: str, data: str) -> None:
        number = len(self.written)
        self.written.append(
            f'  request "r{number:02}" {{\n    operation = "update"\n    path = "{path}"\n    data = {data}\n  }}\n'
        )


def self_init(*, secret_ids: dict[str, Path]) -> str:
    """Mounts, keys, policies and roles; `secret_ids` are files that hold a role's lasting secret-id."""
    requests = _Requests()
    requests.add("sys/mounts/transit", '{ type = "transit" }')
    requests.add("sys/mounts/envelope", '{ type = "transit" }')
    requests.add("sys/mounts/heads", '{ type = "kv" options = { version = "2" } }')
    requests.add("sys/auth/approle", '{ type = "approle" }')
    requests.add(f"envelope/keys/{ENVELOPE_KEY}", '{ type = "aes256-gcm96" }')
    requests.add(f"transit/keys/{CHECKPOINT_KEY}", '{ type = "ed25519" }')
    for mount in ("transit", "envelope"):
        requests.add(f"{mount}/config/keys", "{ disable_upsert = true }")
    for role, options in ROLES.items():
        requests.add(f"sys/policies/acl/{role}", f"{{ policy = {_from_file(POLICIES / f'{role}.hcl')} }}")
        settings = " ".join(f"{name} = {json.dumps(value)}" for name, value in options.items())
        requests.add(
            f"auth/approle/role/{role}",
            f'{{ token_policies = ["{role}"] token_no_default_policy = true {settings} }}',
        )
        requests.add(f"auth/approle/role/{role}/role-id", f'{{ role_id = "{role}" }}')
    for role, path in secret_ids.items():
        requests.add(f"auth/approle/role/{role}/custom-secret-id", f"{{ secret_id = {_from_file(path)} }}")
    # Last: a new kv mount takes a moment until it can be configured.
    requests.add("heads/config", "{ cas_required = true max_versions = 10 }")
    return 'initialize "embedded" {\n' + "".join(requests.written) + "}\n"


def _from_file(path: Path) -> str:
    return f'{{ eval_source = "file" eval_type = "string" path = {_quoted(path)} }}'
