"""`manage.py firedrill SETTINGS.json | --bot NAME | --user USERNAME`: running deals through crashes."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botplatform.bots.drills import subject as subjects
from botplatform.bots.drills.words import details, document, table
from botplatform.lib import clock
from botplatform.lib.money import written
from strategies.backtest.drill import SCENARIOS, drill
from strategies.backtest.engine import NeverRests
from strategies.settings import SettingsRefused


class Command(BaseCommand):
    help = "Walks running deals through crashes: whose ladder starves first, what cash it takes, how low it goes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job", type=Path, nargs="?", metavar="SETTINGS.json", help="a job as for backtest")
        parser.add_argument("--bot", metavar="NAME", help="a bot, with its open deals or those it would open now")
        parser.add_argument("--user", metavar="USERNAME", help="all running deals of a user; with --bot: its owner")
        parser.add_argument("--account", metavar="LABEL", help="only the user's deals on this account")
        parser.add_argument("--quote", metavar="QUOTE", help="only the user's deals in this quote currency")
        parser.add_argument("--balance", type=_amount, help="quote that the deals share, what orders reserve included")
        parser.add_argument("--price", type=_amount, help="where the market of SETTINGS.json stands")
        parser.add_argument("--scenario", default="all", choices=["all", *SCENARIOS], help="all unless you name one")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            subject = _subject(options)
        except SettingsRefused as why:
            raise CommandError("\n".join(str(problem) for problem in why.problems)) from None
        balance = subject.balance
        if balance is None:
            raise CommandError(f"balance: it is not known here. Say with --balance how much {subject.quote} there is.")
        chosen = SCENARIOS.values() if options["scenario"] == "all" else [SCENARIOS[options["scenario"]]]
        at = int(clock.now().timestamp() * 1000)
        try:
            outcomes = [drill(subject.running, balance, scenario, at=at) for scenario in chosen]
        except NeverRests as why:
            raise CommandError(str(why)) from None
        if options["json"]:
            told = {"subject": subject.title, "quote": subject.quote, "notes": list(subject.notes)}
            self.stdout.write(json.dumps({**told, "outcomes": document(outcomes)}))
            return
        lines = [f"Fire drill of {subject.title}, on {written(balance)} {subject.quote}.", "", *table(outcomes)]
        if len(outcomes) == 1:
            lines += ["", *details(outcomes[0])]
        lines += ["", "The scenarios are shapes after those days, drawn by hand, and not recordings."]
        lines += [f"note: {note}" for note in subject.notes]
        self.stdout.write("\n".join(lines))


def _subject(options: dict[str, Any]) -> subjects.Subject:
    if (options["job"] is not None) + (options["bot"] is not None or options["user"] is not None) != 1:
        raise CommandError("Name one: a file SETTINGS.json, --bot or --user.")
    balance = options["balance"]
    if options["job"] is not None:
        return subjects.of_file(options["job"], options["price"], balance)
    if options["bot"] is not None:
        return subjects.of_bot(options["bot"], options["user"], balance)
    return subjects.of_user(options["user"], options["account"], options["quote"], balance)


def _amount(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise ArgumentTypeError(f"{text!r} is no amount; give a plain decimal number.")
    return number
