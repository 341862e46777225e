"""The one process that sees an exchange secret in the clear, for the second that it lives.

Run by the signer as `python -m vault.custody.intake_child`, never imported. It reads one JSON order on standard
input and writes one JSON answer on standard output:

    {"do": "connect", "sealed", "owner", "credential", "key_name"} -> {"api_key_sealed"}
    {"do": "remove", "key_name"} -> {}

or `{"refused": code}`. It alone reads the intake key and the intake AppRole's secret-id.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from typing import Any

import hvac
import hvac.exceptions
import requests

from vault import hardening
from vault.custody.unix import client
from vault.hazmat import files
from vault.hazmat.files import replaced_since
from vault.hazmat.sealed import CannotOpen, open_form
from vault.hazmat.secret import Secret
from vault.hazmat.wrapping import wrap
from vault.messages import sealing
from vault.messages.canonical import unb64
from vault.messages.refusals import Code, Refused
from vault.settings import VAULT

_PRINTABLE = re.compile(r"[\x21-\x7e]{8,512}", re.ASCII)


def main() -> None:
    hardening.give_up_core_dumps()
    hardening.refuse_to_be_read()
    order = json.load(sys.stdin)
    try:
        answer = _connect(order) if order["do"] == "connect" else _remove(order)
    except Refused as why:
        answer = {"refused": why.code, "detail": why.detail}
    except (hvac.exceptions.VaultError, requests.RequestException, OSError) as why:
        answer = {"refused": Code.KEYSTORE_UNAVAILABLE, "detail": type(why).__name__}
    json.dump(answer, sys.stdout)


def _opened(sealed: bytes, bound_to: bytes) -> Secret:
    """By the present key, or by the one before while pages that know it may still be open. Raises CannotOpen."""
    path = VAULT.intake_folder / "intake.key"
    try:
        return open_form(path, sealed, bound_to)
    except CannotOpen:
        if not replaced_since(path, VAULT.intake_key_overlap):
            raise
        return open_form(files.previous(path), sealed, bound_to)


def _connect(order: dict[str, Any]) -> dict[str, Any]:
    bound_to = sealing.info(order["owner"], order["credential"])
    try:
        form = _opened(unb64(order["sealed"]), bound_to)
        words = json.loads(form.expose())
        key, secret, others = words["key"], words["secret"], words.keys() - {"v", "key", "secret"}
    except (CannotOpen, ValueError, KeyError, TypeError, AttributeError) as why:
        raise Refused(Code.SEALED_FORM_INVALID) from why
    if others:
        raise Refused(Code.KEY_MALFORMED, f"{', '.join(sorted(others))[:40]}: a key of this exchange has none.")
    for name, value in (("key", key), ("secret", secret)):
        if not isinstance(value, str) or not _PRINTABLE.fullmatch(value):
            raise Refused(Code.KEY_MALFORMED, f"{name}: it must be 8 to 512 printable characters without spaces.")
    bao = _login()
    wrapping_key = bao.adapter.get("/v1/transit/wrapping_key")["data"]["public_key"]
    _destroy(bao, order["key_name"])  # an attempt that was cut off may have left one
    bao.adapter.post(
        f"/v1/transit/keys/{order['key_name']}/import",
        json={
            "type": "hmac",
            "hash_function": "SHA256",
            "ciphertext": wrap(Secret(secret.encode()), wrapping_key),
        },
    )
    envelope = {
        "plaintext": base64.b64encode(key.encode()).decode(),
        "associated_data": base64.b64encode(bound_to).decode(),
    }
    sealed = bao.adapter.post("/v1/envelope/encrypt/accounts", json=envelope)["data"]["ciphertext"]
    return {"api_key_sealed": sealed}


def _remove(order: dict[str, Any]) -> dict[str, Any]:
    _destroy(_login(), order["key_name"])
    return {}


def _destroy(bao: hvac.Client, key_name: str) -> None:
    path = f"/v1/transit/keys/{key_name}"
    try:
        bao.adapter.post(f"{path}/config", json={"deletion_allowed": True})
        bao.adapter.delete(path)
    except (hvac.exceptions.InvalidRequest, hvac.exceptions.InvalidPath):
        return  # there is none


def _login() -> hvac.Client:
    bao = client(VAULT.keystore_socket)
    secret_id = files.read(VAULT.intake_folder / "secret_id").expose().decode().strip()
    bao.auth.approle.login(role_id="intake", secret_id=secret_id)
    return bao


if __name__ == "__main__":
    main()
