"""Bring the policies of a vault that exists up to those of this version.

Nobody can do that in daily life. It takes a root token, which takes the provisioner's secret-id *and* the recovery
key; it lives for these few calls and is revoked, whatever happens.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterator

from . import api, config
from .files import BaoFiles

ATTEMPT = "sys/generate-root-token/attempt"


def fingerprint() -> str:
    """A hash over the policies and roles as this version wants them."""
    content = [(role, (config.POLICIES / f"{role}.hcl").read_text(), config.ROLES[role]) for role in config.ROLES]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@contextlib.contextmanager
def root_token(files: BaoFiles, token: str) -> Iterator[str]:
    """A root token for the length of the block; `token` is the provisioner's. Raises BaoError."""
    # An attempt that a crash left open would refuse ours.
    api.call(files.socket, "DELETE", ATTEMPT, token=token)
    attempt = api.demand(files.socket, "POST", ATTEMPT, token=token, body={})["data"]
    key = {"nonce": attempt["nonce"], "key": files.recovery_key.read_text()}
    done = api.demand(files.socket, "POST", "sys/generate-root-token/update", token=token, body=key)["data"]
    encoded = str(done["encoded_token"])
    mixed = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    root = bytes(a ^ b for a, b in zip(mixed, str(attempt["otp"]).encode(), strict=True)).decode()
    try:
        yield root
    finally:
        api.demand(files.socket, "POST", "auth/token/revoke-self", token=root, body={})


def apply_policies(files: BaoFiles, token: str) -> None:
    """Write this version's policies and roles; `token` is the provisioner's. Raises BaoError."""
    with root_token(files, token) as root:
        _revoke_others(files, root)
        for role, options in config.ROLES.items():
            policy = {"policy": (config.POLICIES / f"{role}.hcl").read_text()}
            settings = {"token_policies": [role], "token_no_default_policy": True, **options}
            api.demand(files.socket, "POST", f"sys/policies/acl/{role}", token=root, body=policy)
            api.demand(files.socket, "POST", f"auth/approle/role/{role}", token=root, body=settings)


def _revoke_others(files: BaoFiles, root: str) -> None:
    """A crash in the middle of an earlier upgrade would have left its root token."""
    own = api.demand(files.socket, "GET", "auth/token/lookup-self", token=root)["data"]["accessor"]
    for accessor in root_accessors(files, root):
        if accessor != own:
            api.demand(files.socket, "POST", "auth/token/revoke-accessor", token=root, body={"accessor": accessor})


def root_accessors(files: BaoFiles, token: str) -> list[str]:
    """The accessors of every live token with the root policy."""
    found = []
    for accessor in api.demand(files.socket, "LIST", "auth/token/accessors", token=token)["data"]["keys"]:
        status, answer = api.call(
            files.socket, "POST", "auth/token/lookup-accessor", token=token, body={"accessor": accessor}
        )
        if status == api.OK and "root" in answer["data"]["policies"]:
            found.append(str(accessor))
    return found
