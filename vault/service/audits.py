"""Checking and exporting the audit, for the command line."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from vault.audit import checkpoints
from vault.audit import export as exports
from vault.audit.verify import Finding
from vault.audit.verify import verify as walk
from vault.ledger import ledger, recount
from vault.service.contradictions import contradictions
from vault.service.database import snapshot
from vault.settings import VAULT


class CannotVerify(Exception):
    """The arguments are not what they should be; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    height: int
    digest: str
    checkpoints: int
    findings: list[Finding]
    tables: list[str]  # what is wrong with ledger, books, grants and kills; an export has none of them


def verify(*, export: Path | None, keys: Path | None, head: str | None) -> Verdict:
    """All that is wrong with the database, or with an export. Raises CannotVerify."""
    known_head = _head(head)
    try:
        public = checkpoints.read_keys(keys or VAULT.checkpoint_keys)
        if keys is not None and not public:
            raise CannotVerify(f"{keys} has no keys.")
        if export is not None:
            read = exports.read(export)
            # Without keys from elsewhere an export can only be held against itself.
            seen = walk(read.entries, read.checkpoints, public or read.keys, known_head)
            wrong: list[str] = []
        else:
            with snapshot():
                seen = walk(exports.entries(), exports.signed(), public, known_head)
                wrong = [*ledger.differences(), *recount.differences(), *contradictions()]
    except (OSError, ValueError, AttributeError, exports.NotAnExport) as why:
        raise CannotVerify(str(why)) from why
    return Verdict(
        height=seen.height,
        digest=seen.digest,
        checkpoints=seen.checkpoints,
        findings=seen.findings,
        tables=wrong,
    )


def export(path: Path) -> int:
    """How many lines were written. The file is complete, or not there."""
    aside = path.with_name(path.name + ".part")
    count = 0
    with snapshot(), aside.open("w") as file:
        for line in exports.lines(checkpoints.read_keys(VAULT.checkpoint_keys)):
            file.write(line)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    return count


def _head(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text)
    if match is None:
        raise CannotVerify(f"{text!r} is no head: HEIGHT:DIGEST, as `audit verify` prints it.")
    return int(match[1]), match[2]
