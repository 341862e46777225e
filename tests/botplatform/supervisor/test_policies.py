"""Who may do what in the vault: each row is one request of one role, and OpenBao's own answer to it.

403 is a refusal by policy. 400 means that the policy let it through and the request itself made no sense, which is
as good as allowed here; rows that say so are meant that way.
"""

from __future__ import annotations

import base64
import os

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from botplatform.supervisor.openbao import api, config, upgrade

X = base64.b64encode(b"x").decode()
AAD = {"associated_data": X}
HMAC = "transit/keys/acct-hmac"
BORN = "transit/keys/acct-born"
CHECKPOINT = "transit/keys/audit-checkpoint"
SECRET_ID = "auth/approle/role/{}/secret-id"
WRAP = {"X-Vault-Wrap-TTL": "60s"}
LONG_WRAP = {"X-Vault-Wrap-TTL": "600s"}
OK, NO, BAD = "allowed", "denied", "bad request"


@pytest.fixture(scope="module")
def vault(bao):
    """Two keys of an account, one key of nobody, a token for each role, and things to fill the rows' gaps with."""
    files, socket = bao.files, bao.socket
    provisioner = api.login(socket, "provisioner", files.provisioner_secret_id.read_text())
    tokens = {"provisioner": provisioner, "nobody": None, "forged": "s.AAAAAAAAAAAAAAAAAAAAAAAA"}
    with upgrade.root_token(files, provisioner) as root:
        for role in ("signer", "intake", "auditor"):
            body = {"policies": [role], "no_default_policy": True, "no_parent": True, "ttl": "10m"}
            made = api.demand(socket, "POST", "auth/token/create", token=root, body=body)
            tokens[role] = made["auth"]["client_token"]
        wrapping = api.demand(socket, "GET", "transit/wrapping_key", token=root)["data"]["public_key"]
        encoded = base64.b64encode(os.urandom(32)).decode()
        gaps = {"wrapped": _wrap(os.urandom(64), wrapping)}
        for name, kind in (("acct-born", "ed25519"), ("other", "ed25519")):
            api.demand(socket, "POST", f"transit/keys/{name}", token=root, body={"type": kind})
        body = {"type": "hmac", "ciphertext": gaps["wrapped"], "hash_function": "SHA256"}
        api.demand(socket, "POST", f"{HMAC}/import", token=root, body=body)
        body = {"plaintext": encoded, **AAD}
        sealed = api.demand(socket, "POST", "envelope/encrypt/accounts", token=root, body=body)
        gaps["sealed"] = sealed["data"]["ciphertext"]
    return socket, tokens, gaps


def _wrap(secret, public_key):
    own = os.urandom(32)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    sealed = load_pem_public_key(public_key.encode()).encrypt(own, oaep)
    return base64.b64encode(sealed + aes_key_wrap_with_padding(own, secret)).decode()


def new(kind="hmac", **more):
    return {"type": kind, "ciphertext": "{wrapped}", "hash_function": "SHA256", **more}


SIGNER = [
    (OK, "POST", "transit/hmac/acct-hmac/sha2-256", {"input": X}),
    (OK, "POST", "transit/hmac/acct-hmac/sha2-512", {"input": X}),
    (OK, "POST", "transit/hmac/acct-hmac", {"input": X, "algorithm": "sha2-384"}),
    (OK, "POST", "transit/hmac/acct-hmac", {"batch_input": [{"input": X}, {"input": X}]}),
    (NO, "POST", "transit/hmac/acct-hmac", {"input": X, "algorithm": "sha2-224"}),
    (NO, "POST", "transit/hmac/acct-hmac", {"input": X, "key_version": 1}),
    (NO, "POST", "transit/hmac/other/sha2-256", {"input": X}),
    (OK, "POST", "transit/sign/acct-born", {"input": X}),
    (OK, "POST", "transit/sign/acct-born", {"input": X, "marshaling_algorithm": "jws"}),
    (NO, "POST", "transit/sign/acct-born", {"input": X, "key_version": 1}),
    (NO, "POST", "transit/sign/acct-born", {"input": X, "prehashed": True}),
    (NO, "POST", "transit/sign/other", {"input": X}),
    (BAD, "POST", "transit/sign/acct-unknown", {"input": X}),  # and no key is made by asking
    (OK, "POST", "transit/sign/audit-checkpoint", {"input": X}),
    (NO, "POST", "transit/sign/audit-checkpoint", {"input": X, "prehashed": True}),
    (OK, "POST", "envelope/decrypt/accounts", {"ciphertext": "{sealed}", **AAD}),
    (BAD, "POST", "envelope/decrypt/accounts", {"ciphertext": "{sealed}", "associated_data": "eQ=="}),
    (NO, "POST", "envelope/decrypt/accounts", {"ciphertext": "{sealed}"}),
    (NO, "POST", "envelope/decrypt/accounts", {"batch_input": [{"ciphertext": "{sealed}", **AAD}]}),
    (NO, "POST", "envelope/encrypt/accounts", {"plaintext": X, **AAD}),
    (NO, "POST", "envelope/rewrap/accounts", {"ciphertext": "{sealed}"}),
    (OK, "GET", CHECKPOINT, None),
    (NO, "GET", "transit/export/signing-key/audit-checkpoint", None),
    (NO, "POST", f"{CHECKPOINT}/config", {"exportable": True}),
    (NO, "POST", f"{CHECKPOINT}/rotate", {}),
    (NO, "POST", "heads/metadata/signer", {"max_versions": 1}),
    (BAD, "POST", "heads/data/signer", {"data": {"height": 1}}),  # compare-and-set is the mount's rule
    (OK, "POST", "heads/data/signer", {"data": {"height": 1}, "options": {"cas": 0}}),
    (BAD, "POST", "heads/data/signer", {"data": {"height": 0}, "options": {"cas": 0}}),
    (OK, "GET", "heads/data/signer", None),
    (NO, "GET", "heads/data/other", None),
    (NO, "DELETE", "heads/data/signer", None),
    (NO, "DELETE", "heads/metadata/signer", None),
    (NO, "POST", "heads/config", {"cas_required": False}),
    (NO, "GET", "transit/wrapping_key", None),
    (NO, "GET", BORN, None),
    (NO, "LIST", "transit/keys", None),
    (NO, "POST", f"{BORN}/config", {"exportable": True}),
    (NO, "POST", f"{BORN}/rotate", {}),
    (NO, "POST", f"{HMAC}/import_version", {"ciphertext": "{wrapped}"}),
    (NO, "POST", "transit/keys/acct-new", {"type": "ed25519"}),
    (NO, "DELETE", BORN, None),
    (NO, "GET", "transit/export/hmac-key/acct-hmac", None),
    (NO, "GET", "transit/export/signing-key/acct-born", None),
    (NO, "GET", "transit/backup/acct-hmac", None),
    (NO, "POST", "auth/token/create", {}),
    (NO, "POST", SECRET_ID.format("signer"), {}),
    (NO, "POST", "sys/policies/acl/signer", {"policy": "x"}),
    (NO, "POST", "sys/seal", {}),
    (OK, "GET", "auth/token/lookup-self", None),
]
INTAKE = [
    (OK, "GET", "transit/wrapping_key", None),
    (OK, "POST", "transit/keys/acct-new/import", new()),
    (NO, "POST", "transit/keys/acct-a/import", new(exportable=True)),
    (NO, "POST", "transit/keys/acct-a/import", new(allow_plaintext_backup=True)),
    (NO, "POST", "transit/keys/acct-a/import", new("aes256-gcm96")),
    (NO, "POST", "transit/keys/acct-a/import", {"ciphertext": "{wrapped}"}),
    (NO, "POST", "transit/keys/audit-checkpoint/import", new()),
    (OK, "POST", f"{HMAC}/import_version", {"ciphertext": "{wrapped}", "hash_function": "SHA256"}),
    (NO, "POST", f"{CHECKPOINT}/import_version", {"ciphertext": "{wrapped}"}),
    (OK, "POST", "transit/keys/acct-new-born", {"type": "ed25519"}),
    (OK, "POST", "transit/keys/acct-new-rsa", {"type": "rsa-2048"}),
    (OK, "POST", "transit/keys/acct-new-ec", {"type": "ecdsa-p256"}),
    (NO, "POST", "transit/keys/acct-b", {"type": "ed25519", "exportable": True}),
    (NO, "POST", "transit/keys/acct-b", {"type": "ed25519", "Exportable": True}),
    (NO, "POST", "transit/keys/acct-b", {"type": "ed25519", "allow_plaintext_backup": True}),
    (NO, "POST", "transit/keys/acct-b", {"type": "aes256-gcm96"}),
    (OK, "GET", "transit/keys/acct-new-born", None),
    (OK, "GET", "transit/keys/acct-new-rsa?format=pem", None),
    (NO, "GET", CHECKPOINT, None),
    (NO, "LIST", "transit/keys", None),
    (BAD, "DELETE", "transit/keys/acct-new", None),  # not before deletion is allowed
    (NO, "POST", "transit/keys/acct-new/config", {"exportable": True}),
    (NO, "POST", "transit/keys/acct-new/config", {"allow_plaintext_backup": True}),
    (NO, "POST", "transit/keys/acct-new/config", {"deletion_allowed": True, "exportable": True}),
    (NO, "POST", f"{CHECKPOINT}/config", {"deletion_allowed": True}),
    (OK, "POST", "transit/keys/acct-new/config", {"deletion_allowed": True}),
    (OK, "DELETE", "transit/keys/acct-new", None),
    (NO, "POST", "transit/keys/acct-new-born/soft-delete", {}),
    (NO, "POST", "transit/keys/acct-new-born/csr", {}),
    (NO, "POST", "transit/hmac/acct-hmac/sha2-256", {"input": X}),
    (NO, "POST", "transit/sign/acct-born", {"input": X}),
    (NO, "POST", "transit/verify/acct-born", {"input": X, "signature": "vault:v1:x"}),
    (NO, "GET", "transit/export/hmac-key/acct-hmac", None),
    (NO, "GET", "transit/export/public-key/acct-born", None),
    (NO, "GET", "transit/backup/acct-hmac", None),
    (NO, "GET", "transit/byok-export/acct-born/acct-hmac", None),
    (NO, "POST", "transit/restore/acct-c", {"backup": "x"}),
    (NO, "POST", "transit/config/keys", {"disable_upsert": False}),
    (OK, "POST", "envelope/encrypt/accounts", {"plaintext": X, **AAD}),
    (NO, "POST", "envelope/encrypt/accounts", {"plaintext": X}),
    (NO, "POST", "envelope/encrypt/other", {"plaintext": X, **AAD}),
    (NO, "POST", "envelope/decrypt/accounts", {"ciphertext": "{sealed}", **AAD}),
    (NO, "POST", "envelope/datakey/plaintext/accounts", {}),
    (NO, "POST", "envelope/keys/accounts/config", {"exportable": True}),
    (NO, "POST", "envelope/keys/accounts/rotate", {}),
    (NO, "POST", SECRET_ID.format("signer"), {}, WRAP),
    (NO, "GET", "heads/data/signer", None),
]
PROVISIONER = [
    (OK, "POST", SECRET_ID.format("signer"), {}, WRAP),
    (NO, "POST", SECRET_ID.format("signer"), {}),
    (NO, "POST", SECRET_ID.format("signer"), {}, LONG_WRAP),
    (NO, "POST", SECRET_ID.format("intake"), {}, WRAP),
    (NO, "POST", SECRET_ID.format("auditor"), {}, WRAP),
    (NO, "POST", SECRET_ID.format("provisioner"), {}, WRAP),
    (NO, "POST", "auth/approle/role/signer", {"token_policies": ["provisioner"]}),
    (NO, "POST", "auth/approle/role/signer/custom-secret-id", {"secret_id": "x"}),
    (NO, "POST", "auth/token/create", {}),
    (NO, "POST", "sys/policies/acl/provisioner", {"policy": "x"}),
    (NO, "POST", "transit/hmac/acct-hmac/sha2-256", {"input": X}),
    (NO, "POST", "transit/keys/acct-d", {"type": "ed25519"}),
    (NO, "POST", "envelope/decrypt/accounts", {"ciphertext": "{sealed}", **AAD}),
    (NO, "GET", "heads/data/signer", None),
]
AUDITOR = [
    (OK, "GET", "sys/audit", None),
    (OK, "POST", "sys/audit-hash/file", {"input": "x"}),
    (OK, "LIST", "transit/keys", None),
    (OK, "GET", HMAC, None),
    (OK, "GET", "sys/policies/acl/signer", None),
    (OK, "GET", "sys/mounts", None),
    (OK, "GET", "heads/data/signer", None),
    (NO, "POST", "heads/data/signer", {"data": {}, "options": {"cas": 1}}),
    (NO, "POST", "transit/hmac/acct-hmac/sha2-256", {"input": X}),
    (NO, "POST", "transit/sign/acct-born", {"input": X}),
    (NO, "POST", "envelope/decrypt/accounts", {"ciphertext": "{sealed}", **AAD}),
    (NO, "POST", f"{HMAC}/config", {"deletion_allowed": True}),
    (NO, "DELETE", HMAC, None),
    (NO, "DELETE", "sys/audit/file", None),
    (NO, "GET", "transit/export/hmac-key/acct-hmac", None),
    (NO, "POST", "sys/policies/acl/auditor", {"policy": "x"}),
]
STRANGERS = [(NO, "POST", "transit/hmac/acct-hmac/sha2-256", {"input": X}), (NO, "LIST", "transit/keys", None)]
TABLE = {
    "signer": SIGNER,
    "intake": INTAKE,
    "provisioner": PROVISIONER,
    "auditor": AUDITOR,
    "nobody": STRANGERS,
    "forged": STRANGERS,
}


@pytest.mark.xdist_group("policies")
@pytest.mark.parametrize("role", TABLE)
def test_a_role_may_do_this_and_no_more(vault, role):
    socket, tokens, gaps = vault
    wrong = []
    for expected, method, path, body, *headers in TABLE[role]:
        if (role, path) == ("auditor", "heads/data/signer") and method == "GET":
            _write_a_head(socket, tokens["signer"])
        status, _ = api.call(
            socket,
            method,
            path,
            token=tokens[role],
            body=_filled(body, gaps),
            headers=headers[0] if headers else None,
        )
        found = {200: OK, 204: OK, 403: NO, 400: BAD}.get(status, str(status))
        if found != expected:
            wrong.append(f"{method} {path} {body}: {found}, not {expected}")
    assert not wrong, "\n".join(wrong)


def _write_a_head(socket, token):
    api.call(socket, "POST", "heads/data/signer", token=token, body={"data": {"height": 1}, "options": {"cas": 0}})


def _filled(body, gaps):
    if isinstance(body, dict):
        return {key: _filled(value, gaps) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, gaps) for value in body]
    return body.format(**gaps) if isinstance(body, str) else body


def test_every_policy_is_in_the_table():
    assert {path.stem for path in config.POLICIES.glob("*.hcl")} == set(config.ROLES)
    assert set(config.ROLES) <= set(TABLE)


def test_no_token_has_the_default_policy(bao):
    for role, secret_id in (("intake", bao.files.intake_secret_id), ("provisioner", bao.files.provisioner_secret_id)):
        token = api.login(bao.socket, role, secret_id.read_text())
        answer = api.demand(bao.socket, "GET", "auth/token/lookup-self", token=token)
        assert answer["data"]["policies"] == [role]


def test_an_intake_token_ends_after_sixteen_uses(bao):
    token = api.login(bao.socket, "intake", bao.files.intake_secret_id.read_text())
    statuses = [api.call(bao.socket, "GET", "auth/token/lookup-self", token=token)[0] for _ in range(17)]
    assert statuses == [200] * 16 + [403]
