"""Something to look at after the first start: a user, a paper account, and a bot that trades on it.

Every step looks whether it was done before, so that a run that was interrupted is completed by the next one:

1. the user `demo`, with a new random password until the last step was reached
2. a key of the paper exchange, piped into `connect_exchange` as a person would
3. wait until the feed has brought the market's price
4. a bot, started
5. name and password, written to `sign-in.txt`
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from botplatform.accounts.models import User
from botplatform.bots import actions
from botplatform.bots.models import Bot
from botplatform.exchanges.models import ExchangeAccount
from botplatform.exchanges.vault import BadKeyFile, OutcomeUnknown, Refused, Retry
from botplatform.lib import clock
from botplatform.markets.models import Market

NAME = "demo"
EXCHANGE, SYMBOL = "paper", "BTC/USDT"
PATIENCE = 30.0  # seconds
# The paper market moves about 0.75 % in a minute of ours: a deal lasts from seconds to some minutes.
SETTINGS = {
    "base_order": "50",
    "averaging_order": "50",
    "averaging_orders": 5,
    "step": "0.004",
    "step_scale": "1.2",
    "volume_scale": "1.3",
    "take_profit": "0.003",
    "stop_loss": None,
}


class Command(BaseCommand):
    help = "Makes the user demo with a paper account and a bot that trades on it; what is there already is left alone."

    def handle(self, *_args: Any, **_options: Any) -> None:
        sign_in = settings.LAYOUT.var / "sign-in.txt"
        user, _ = User.objects.get_or_create(username=NAME)
        account = _account(user)
        bot = _bot(user, account, _market())
        if not bot.enabled:
            _start(bot)
        if not sign_in.exists():
            password = secrets.token_urlsafe(12)
            user.set_password(password)
            user.save(update_fields=["password"])
            _write_private(sign_in, f"user {NAME}\npassword {password}\n")
        self.stdout.write(f"The demo bot runs; {sign_in.name} says how to sign in.")


def _account(user: User) -> ExchangeAccount:
    known = ExchangeAccount.objects.filter(owner=user, exchange=EXCHANGE).first()
    if known is not None:
        return known
    made = _manage("paper_key", "--balance", "USDT=10000")
    _manage("connect_exchange", "--user", NAME, "--exchange", EXCHANGE, "--label", "Paper account", given=made)
    return ExchangeAccount.objects.get(owner=user, exchange=EXCHANGE)


def _manage(*argv: str, given: str = "") -> str:
    """What a command printed. A secret goes in and out through pipes, never through arguments."""
    manage = settings.BASE_DIR / "manage.py"
    done = subprocess.run(
        [sys.executable, str(manage), *argv], input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = done.stderr.strip().splitlines() or [f"code {done.returncode}"]
        raise CommandError(f"{argv[0]} failed: {why[-1]}")
    return done.stdout


def _market() -> Market:
    """The market, once the feed has seen it trade."""
    deadline = clock.monotonic() + PATIENCE
    while clock.monotonic() < deadline:
        market = Market.objects.filter(exchange=EXCHANGE, symbol=SYMBOL, last_price__isnull=False).first()
        if market is not None:
            return market
        time.sleep(0.2)
    raise CommandError(f"{SYMBOL} has had no price for {PATIENCE:.0f} s; look whether the feed is running.")


def _bot(user: User, account: ExchangeAccount, market: Market) -> Bot:
    known = Bot.objects.filter(owner=user).select_related("market").first()
    if known is not None:
        return known
    return actions.create(user, account, market, name="Demo DCA", kind="dca", settings=dict(SETTINGS))


def _start(bot: Bot) -> None:
    try:
        actions.start(bot)
    except (Refused, Retry, OutcomeUnknown, BadKeyFile, actions.NoPrice) as why:
        raise CommandError(f"The bot could not be started: {why}") from None


def _write_private(path: Path, text: str) -> None:
    """In one step, readable by this user alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
