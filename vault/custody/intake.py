"""Starting the intake child and reading its answer. The sealed form passes through; the secret never does."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from vault.hazmat import files
from vault.hazmat import sealed as sealed_forms
from vault.messages.refusals import Code, Refused, Retry

_SECONDS = 30
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "BOTPLATFORM_VAR", "VIRTUAL_ENV")


def make_key(folder: Path) -> None:
    """Make the intake key where there is none; its public half lies beside it."""
    sealed_forms.make_key(folder / "intake.key")


def replace_key(folder: Path, *, at_once: bool) -> None:
    """A new intake key. Pages that were opened before may still send what they sealed, for a while or, `at_once`, not.

    Raises FileNotFoundError where there was none.
    """
    sealed_forms.replace_key(folder / "intake.key")
    if at_once:
        files.previous(folder / "intake.key").unlink()


async def connect(*, sealed: str, owner: str, credential: str, key_name: str) -> str:
    """Bring a key into the key store; answers its id, sealed for this owner and credential.

    Raises Refused(SEALED_FORM_INVALID), Refused(KEY_MALFORMED), Retry(KEYSTORE_UNAVAILABLE).
    """
    order = {"do": "connect", "sealed": sealed, "owner": owner, "credential": credential, "key_name": key_name}
    answer = await _run(order)
    return str(answer["api_key_sealed"])


async def remove(key_name: str) -> None:
    """Destroy a key in the key store. Raises Retry(KEYSTORE_UNAVAILABLE)."""
    await _run({"do": "remove", "key_name": key_name})


async def _run(order: dict[str, str]) -> dict[str, Any]:
    settings = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("VAULT_")}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "vault.custody.intake_child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback could quote what it must not
        env=settings,
    )
    try:
        output, _ = await asyncio.wait_for(child.communicate(json.dumps(order).encode()), _SECONDS)
        answer: dict[str, Any] = json.loads(output)
    except TimeoutError:
        child.kill()
        await child.wait()
        raise Retry(Code.KEYSTORE_UNAVAILABLE, "The intake took too long.") from None
    except ValueError:
        raise Retry(Code.KEYSTORE_UNAVAILABLE, "The intake ended without an answer.") from None
    if "refused" not in answer:
        return answer
    code = Code(answer["refused"])
    if code is Code.KEYSTORE_UNAVAILABLE:
        raise Retry(code, answer["detail"])
    raise Refused(code, answer["detail"])
