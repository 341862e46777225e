"""Connects an exchange key: reads it from standard input, seals it and hands it to the vault."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from botplatform.accounts.models import User
from botplatform.exchanges.models import ExchangeAccount
from botplatform.exchanges.vault import BadKeyFile, OutcomeUnknown, Refused, Retry, RightsAnswer, connect_key
from botplatform.lib import clock

_LONGEST_LABEL = 80
# Which of the things that were given is meant, where the signer's own words for it do not say so.
_FIELDS = {
    "exchange_not_allowed": "--exchange {exchange}: ",
    "malformed": "--exchange {exchange} or --label: ",
    "key_refused_by_exchange": "The key or the secret: ",
    "key_can_withdraw": "The key: ",
    "key_cannot_trade": "The key: ",
}


class Command(BaseCommand):
    help = (
        "Connects an exchange account. Reads two lines from standard input, the API key and its secret; they go sealed"
        " to the vault and are kept nowhere else."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME", help="whose account it is")
        parser.add_argument("--exchange", required=True, help="paper, binance")
        parser.add_argument("--label", required=True, metavar="TEXT", help="what the account is called on the pages")

    def handle(self, *_args: Any, **given: Any) -> None:
        owner = User.objects.filter(username=given["user"]).first()
        if owner is None:
            raise CommandError(
                f"--user {given['user']}: there is no such user; make one with `manage.py createsuperuser`,"
                " or give the name of one that exists."
            )
        label = given["label"].strip()
        if not 0 < len(label) <= _LONGEST_LABEL:
            raise CommandError(f"--label: it has {len(label)} characters; give 1 to {_LONGEST_LABEL}.")
        key = _line("The key", "first")
        secret = _line("The secret", "second")
        rights = _connect(owner, given["exchange"], label, key, secret)
        ExchangeAccount.objects.create(
            id=UUID(rights.credential),
            owner=owner,
            exchange=given["exchange"],
            label=label,
            ip_bound=rights.ip_bound,
            connected_at=clock.now(),
        )
        self.stdout.write(f"{label} is connected: its key {_may(rights)}.")


def _line(what: str, which: str) -> str:
    """One line of standard input; typed at a terminal it is not shown."""
    text = getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise CommandError(f"{what} is empty; give it as the {which} line of standard input.")
    return text.strip()


def _connect(owner: User, exchange: str, label: str, key: str, secret: str) -> RightsAnswer:
    try:
        return connect_key(owner.pk, exchange=exchange, label=label, key=key, secret=secret)
    except Refused as no:
        field = _FIELDS.get(no.code, "").format(exchange=exchange)
        raise CommandError(f"{field}{no}") from None
    except Retry as later:
        raise CommandError(f"The vault is not ready: {later} Start it with `make run`, and try again.") from None
    except OutcomeUnknown as lost:
        raise CommandError(
            f"{lost} The key may have arrived; look at the vault page before you connect it again."
        ) from None
    except BadKeyFile as unenrolled:
        raise CommandError(f"The web cannot speak to the vault: {unenrolled}") from None


def _may(rights: RightsAnswer) -> str:
    """What the key may do, as the exchange says."""
    known = {"read": rights.reading, "trade": rights.trading, "withdraw": rights.withdrawing}
    can = [word for word, yes in known.items() if yes]
    cannot = [word for word, yes in known.items() if yes is False]
    unsaid = [word for word, yes in known.items() if yes is None]
    parts = [f"may {' and '.join(can)}"] if can else []
    parts += [f"may not {' or '.join(cannot)}"] if cannot else []
    parts += [f"does not say whether it may {' or '.join(unsaid)}"] if unsaid else []
    return ", ".join(parts)
