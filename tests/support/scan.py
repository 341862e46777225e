"""Looks for a secret, in every form it may have taken, in the memory of processes and in files."""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_PIECE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """Where a secret was found, and in which form. It does not say the secret."""

    where: str
    form: str


def forms(secret):
    """Every form to look for: {name: bytes}."""
    plain = secret if isinstance(secret, bytes) else secret.encode()
    found = {
        "plain": plain,
        "reversed": plain[::-1],
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "utf-16-le": plain.decode("latin-1").encode("utf-16-le"),
        "utf-16-be": plain.decode("latin-1").encode("utf-16-be"),
        "utf-32-le": plain.decode("latin-1").encode("utf-32-le"),
        "decimal list": b", ".join(str(byte).encode() for byte in plain),
    }
    if quote(plain) != plain.decode("latin-1"):
        found["percent"] = quote(plain).encode()
    for shift in range(3):
        # The letters that stand for the secret alone, wherever it begins within a group of three bytes.
        text = base64.b64encode(b"\0" * shift + plain)
        end = len(text) - (4 if (shift + len(plain)) % 3 else 0)
        middle = text[(0, 2, 3)[shift] : end]
        found[f"base64+{shift}"] = middle
        if middle != middle.translate(_URL_SAFE):
            found[f"base64url+{shift}"] = middle.translate(_URL_SAFE)
    key = plain if len(plain) <= 64 else hashlib.sha256(plain).digest()
    found["hmac inner pad"] = bytes(byte ^ 0x36 for byte in key.ljust(64, b"\0"))
    found["hmac outer pad"] = bytes(byte ^ 0x5C for byte in key.ljust(64, b"\0"))
    return found


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def scan(secret, pids=(), folders=()):
    """Every place among these processes' memory and these folders' files that holds the secret in some form."""
    wanted = forms(secret)
    pattern = re.compile(b"|".join(re.escape(form) for form in sorted(wanted.values(), key=len, reverse=True)))
    names = {form: name for name, form in wanted.items()}
    overlap = max(map(len, wanted.values())) - 1
    found = set()
    for pid in pids:
        for piece in _memory(pid, overlap):
            found |= {Finding(f"memory of {pid}", names[match]) for match in pattern.findall(piece)}
    for folder in folders:
        for path in _files(folder):
            for piece in _content(path, overlap):
                found |= {Finding(str(path), names[match]) for match in pattern.findall(piece)}
    return sorted(found, key=lambda each: (each.where, each.form))


def _files(folder):
    folder = Path(folder)
    return [folder] if folder.is_file() else [path for path in folder.rglob("*") if path.is_file()]


def _content(path, overlap):
    try:
        with path.open("rb") as file:
            yield from _pieces(file, overlap)
    except FileNotFoundError:
        return  # it went while we looked


def _pieces(file, overlap, size=None):
    before = b""
    while size is None or size > 0:
        piece = file.read(_PIECE if size is None else min(_PIECE, size))
        if not piece:
            return
        yield before + piece
        before = piece[-overlap:]
        if size is not None:
            size -= len(piece)


def _memory(pid, overlap):
    """All that the process can read of its own, region by region."""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("r") or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                yield from _pieces(memory, overlap, end - start)
            except (OSError, ValueError):
                continue  # given back meanwhile
