import uuid
from decimal import Decimal

import pytest

from botplatform.accounts.models import User
from botplatform.bots import actions
from botplatform.exchanges import vault
from botplatform.exchanges.models import ExchangeAccount
from botplatform.lib import clock
from botplatform.markets.models import Market
from botplatform.runner.models import Shard

SETTINGS = {
    "base_order": "50",
    "averaging_order": "50",
    "averaging_orders": 2,
    "step": "0.01",
    "take_profit": "0.01",
    "stop_loss": "0.05",
}
PRICE = Decimal(50000)


@pytest.fixture
def layout(signer, settings):
    """The platform in this process talks to the machine's signer, as a runner too."""
    vault.runner.cache_clear()
    yield settings.LAYOUT
    if vault.runner.cache_info().currsize:
        vault.runner().close()
    vault.runner.cache_clear()


@pytest.fixture
def market(db):
    return Market.objects.create(
        exchange="paper",
        symbol="BTC/USDT",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
        min_notional=Decimal(5),
        min_amount=Decimal("0.00001"),
        last_price=PRICE,
        last_price_at=clock.now(),
    )


@pytest.fixture
def ether(machine, db):
    machine.paper.set_price("ETHUSDT", 2500)
    return Market.objects.create(
        exchange="paper",
        symbol="ETH/USDT",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.0001"),
        min_notional=Decimal(5),
        last_price=Decimal(2500),
        last_price_at=clock.now(),
    )


@pytest.fixture
def account(machine, layout, db):
    user = User.objects.create_user(uuid.uuid4().hex)
    opened = machine.account(owner=user.pk, USDT="10000")
    made = ExchangeAccount.objects.create(
        id=opened.credential, owner=user, exchange="paper", label="Paper", connected_at=clock.now()
    )
    made.at_exchange = opened.id
    return made


@pytest.fixture
def bot(account, market):
    made = actions.create(account.owner, account, market, name="Bot", kind="dca", settings=SETTINGS)
    actions.start(made)
    return made


@pytest.fixture
def lease(layout, db):
    """A lease on a shard of this test's own."""
    taken = vault.runner().take_lease(f"test-{uuid.uuid4().hex[:8]}")
    Shard.objects.create(name=taken.shard)
    return taken
