"""New keys for the signer itself, on the word of its host. A signer that runs takes them up by itself."""

from __future__ import annotations

from django.db import transaction

from vault import clock
from vault.audit import chain
from vault.custody import intake
from vault.settings import VAULT
from vault.tokens.tokens import Mint

TOKEN, INTAKE = "token-key", "intake-key"


def rotate(what: str, *, at_once: bool) -> None:
    """Replace the token key or the intake key.

    Tokens and forms of the key before count until they would have ended anyway, two minutes and an hour; `at_once`:
    somebody may have it, so nothing of it counts any more. Raises FileNotFoundError where there is no key yet.
    """
    (VAULT.token_key if what == TOKEN else VAULT.intake_folder / "intake.key").stat()
    with transaction.atomic():
        chain.append("key.rotated", what, {"at_once": at_once}, now=clock.now())
    if what == TOKEN:
        Mint.replace_key(VAULT.token_key, at_once=at_once)
    else:
        intake.replace_key(VAULT.intake_folder, at_once=at_once)
