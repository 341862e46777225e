"""Opens an account at the paper exchange and prints its key and its secret."""

from __future__ import annotations

import http.client
import json
import socket
from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

RIGHTS = ("trade", "withdraw")
TIMEOUT = 10.0


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(str(self._path))


class Command(BaseCommand):
    help = "Opens an account at the paper exchange; prints its key and its secret, a line each."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rights",
            default="trade",
            help="what the key may do besides reading, with commas: trade, withdraw (trade)",
        )
        parser.add_argument(
            "--balance",
            action="append",
            default=[],
            metavar="ASSET=AMOUNT",
            help="money to begin with, as in USDT=10000; may be given several times (USDT=10000)",
        )

    def handle(self, *_args: Any, **given: Any) -> None:
        wish = {
            "rights": _rights(given["rights"]),
            "balances": dict(_balance(entry) for entry in given["balance"] or ["USDT=10000"]),
        }
        answer = _ask(settings.LAYOUT.paper_control, wish)
        self.stdout.write(answer["key"])
        self.stdout.write(answer["secret"])


def _rights(text: str) -> list[str]:
    rights = [right.strip() for right in text.split(",") if right.strip()]
    for right in rights:
        if right not in RIGHTS:
            raise CommandError(
                f"--rights {text}: there is no right '{right}'; use trade, withdraw, both with a comma, or none."
            )
    return rights


def _balance(entry: str) -> tuple[str, str]:
    asset, _, amount = entry.partition("=")
    try:
        number = Decimal(amount)
    except InvalidOperation:
        raise CommandError(f"--balance {entry}: '{amount}' is no decimal amount; write it as in USDT=10000.") from None
    if not number.is_finite() or number < 0:
        raise CommandError(f"--balance {entry}: {amount} cannot be had; give an amount of 0 or more.")
    return asset.upper(), amount


def _ask(control: Path, wish: dict[str, Any]) -> dict[str, Any]:
    connection = _UnixConnection(control)
    try:
        connection.request("POST", "/accounts", json.dumps(wish), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
    except OSError as problem:
        raise CommandError(
            f"The paper exchange does not answer at {control} ({problem}); start it with `make run`."
        ) from None
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise CommandError(f"The paper exchange refused: {answer['error']}")
    return answer
