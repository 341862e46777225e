"""One real vault for each test process, and a bot of its own for each test."""

import itertools
import uuid
from decimal import Decimal

import pytest
from django.conf import settings

from tests.support.machine import Machine
from tests.support.processes import wait_until
from tests.support.vaulted import Vaulted, files_alone
from tests.vault.wire import Wire
from vault.messages.answers import State
from vault.messages.refusals import SENTENCES, Refused
from vault.messages.words import Cancel, Lookup, Place

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory, django_db_modify_db_settings_parallel_suffix):
    """A ledger in a file, as it is shipped: in memory it would have no log, and other locks."""
    default = settings.DATABASES["default"]
    if default["ENGINE"] == "vault.sqlite":
        default.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("ledger") / "vault.sqlite3")


@pytest.fixture(scope="session")
def machine():
    with Machine() as running:
        yield running


@pytest.fixture(scope="session")
def scripts():
    """The address of the pages' scripts: localhost, so WebCrypto is there."""
    with files_alone() as address:
        yield address


@pytest.fixture(scope="session")
def vaulted(scripts):
    """A machine with the vault's pages."""
    with Vaulted(scripts) as running:
        yield running


@pytest.fixture
def bot(machine):
    """A bot on a fresh account, grant and lease; its faults, orders and lease are gone afterwards."""
    made = Bot(machine)
    yield made
    made.leave()


@pytest.fixture(scope="session")
def quiet_bot(machine):
    """A bot for requests that are all refused."""
    return Bot(machine)


@pytest.fixture
def quiet(quiet_bot):
    """The bot whose every request is refused: nothing of it has reached the exchange afterwards."""
    if not quiet_bot.lease.live:
        quiet_bot.lease = quiet_bot.machine.runner().take_lease(quiet_bot.shard)
    quiet_bot.renew()
    yield quiet_bot
    assert quiet_bot.at_exchange() == []
    assert quiet_bot.orders() == []


class Bot:
    """What a runner does for one bot, in one line each."""

    def __init__(self, machine, account=None, runner=None, **grant):
        self.machine = machine
        self.account = account or machine.account()
        self.grant = machine.grant(self.account, **grant)
        self.deal = uuid.uuid4()
        self.shard = f"s{next(_numbers)}-{uuid.uuid4().hex[:8]}"
        self.lease = (runner or machine.runner()).take_lease(self.shard)
        self.wire = Wire(machine.run_folder / "signer.sock")
        self._kept = []
        self._since = 0

    def word(self, name="base", generation=1, **terms):
        """A buy far below the market: it rests."""
        terms = {"market": "BTC/USDT", "side": "buy", "type": "limit", "amount": "0.001", "price": "50000"} | terms
        return Place(**{"grant": self.grant, "deal": self.deal, "name": name, "generation": generation} | terms)

    def place(self, name="base", generation=1, **terms):
        self.renew()
        return self.lease.place(self.word(name, generation, **terms))

    def buy_now(self, name="base", **terms):
        """A buy far above the market: it trades at once."""
        return self.place(name, **{"amount": "0.01", "price": "70000", **terms})

    def cancel(self, name="base", generation=1):
        self.renew()
        return self.lease.cancel(Cancel(grant=self.grant, deal=self.deal, name=name, generation=generation))

    def look_up(self, name="base", generation=1):
        self.renew()
        return self.lease.look_up(Lookup(grant=self.grant, deal=self.deal, name=name, generation=generation))

    def state(self, name="base", generation=1):
        return self.look_up(name, generation).state

    def becomes(self, state, name="base", generation=1):
        """The order, once it is in this state."""

        def there():
            order = self.look_up(name, generation)
            return order if order.state is State(state) else None

        return wait_until(there, what=f"{name} being {state}")

    def events(self):
        """Every event so far, oldest first."""
        self.renew()
        answer = self.lease.events(self._since)
        self._kept += answer.events
        if answer.events:
            self._since = answer.events[-1].seq
        return list(self._kept)

    def trades(self, name="base"):
        return [event.trade for event in self.events() if event.trade and event.order.name == name]

    def states(self, name="base"):
        """The states that were told, repeats left out."""
        told = [str(event.order.state) for event in self.events() if event.order.name == name]
        return [state for state, _ in itertools.groupby(told)]

    def at_exchange(self):
        """The exchange's own list of this account's orders."""
        return self.machine.paper.orders(self.account.id)

    def trades_at_exchange(self):
        return self.machine.paper.call("GET", f"/accounts/{self.account.id}/trades?symbol=BTCUSDT")

    def fault(self, on, do, times=1, **more):
        """A fault that only this account meets."""
        match = {"account": self.account.id, **more.pop("match", {})}
        return self.machine.paper.fault(on, do, times, match=match, **more)

    def audit(self, kind=None):
        """The audit entries about this bot's grant and orders, newest first."""
        entries = self.machine.web().overview(None, 200).audit
        mine = {str(self.grant), *(order["client_order_id"] for order in self.orders())}
        return [each for each in entries if each["subject"] in mine and kind in (None, each["kind"])]

    def orders(self):
        """The ledger's rows of this bot."""
        rows = self.machine.web().overview(self.account.owner, 200).orders
        return [row for row in rows if row["grant"] == str(self.grant)]

    def leave(self):
        self.machine.paper.clear_faults()
        for row in self.orders():
            if row["state"] in ("accepted", "unknown"):
                try:
                    self.cancel(row["name"], row["generation"])
                except Refused:
                    return

    def renew(self):
        """Stay the one runner of the shard; a lease that was lost stays lost."""
        if self.lease.live:
            self.lease.renew()


def refused(code, act, *args, **kwargs):
    """The refusal that `act` ends with: this code and its own sentence."""
    with pytest.raises(Refused) as caught:
        act(*args, **kwargs)
    assert caught.value.code is code, caught.value
    assert caught.value.sentence == SENTENCES[code]
    return caught.value


def total(trades):
    return sum((Decimal(trade.amount) for trade in trades), Decimal(0))
