"""Right before an order is sent: what may have changed since it was admitted is read again, and what cannot have is not."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from vault import clock
from vault.kills.models import Flattening
from vault.ledger.models import Order
from vault.messages.answers import State
from vault.messages.refusals import Code, Refused
from vault.service import place
from vault.service.database import OnTheLoop
from vault.service.standing import Mode, Standing

pytestmark = pytest.mark.django_db(transaction=True)


def written_down(**changes):
    now = clock.now()
    words = {
        **{name: uuid.uuid4() for name in ("grant", "credential", "deal")},
        "exchange": "paper",
        "name": "base",
        "generation": 1,
        "market": "BTC/USDT",
        "side": "buy",
        "type": "limit",
        "amount": "1",
        "price": "100",
        "client_order_id": uuid.uuid4().hex,
        "state": State.SENDING,
        "prepared_at": now,
        "updated_at": now,
    }
    return Order.objects.create(**words | changes)


def looked(meanwhile=None, *, lasting=10.0, mode=Mode.NORMAL, **order):
    """How often everything was read again, right before an order is sent whose lease lasts so many seconds yet."""
    asked = []

    async def story():
        signer = SimpleNamespace(database=OnTheLoop(), standing=Standing(mode=mode))

        def admitted():
            row = written_down(**order)
            return place.Admitted(
                order=row,
                credential=None,
                opening=None,
                epoch=0,
                mark=signer.database.mark(),
                until=clock.now() + timedelta(seconds=lasting),
            )

        decided = await signer.database.run(admitted)
        if meanwhile is not None:
            await signer.database.run(meanwhile, decided.order)
        await signer.database.look(place._may_be_sent, signer, decided, lambda: asked.append("again"))

    asyncio.run(story())
    return len(asked)


def something_else(_):
    Flattening.objects.create(scope="all", asked_at=clock.now())


def given_up(order):
    Order.objects.filter(pk=order.pk).update(state=State.UNKNOWN)


def test_nothing_is_read_again_when_nobody_has_written():
    assert looked() == 0


def test_everything_is_read_again_when_somebody_has_written_anything():
    assert looked(something_else) == 1


def test_everything_is_read_again_once_the_lease_may_have_ended():
    assert looked(lasting=0) == 1


def test_an_order_that_was_given_up_meanwhile_is_not_sent():
    with pytest.raises(Refused) as caught:
        looked(given_up)
    assert caught.value.code is Code.DEADLINE_PASSED


def test_a_signer_that_was_overtaken_sends_nothing_though_nobody_has_written():
    with pytest.raises(Refused) as caught:
        looked(mode=Mode.OVERTAKEN)
    assert caught.value.code is Code.OVERTAKEN


def test_an_order_that_waited_too_long_is_not_sent():
    with pytest.raises(Refused) as caught:
        looked(lasting=0, prepared_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert caught.value.code is Code.DEADLINE_PASSED
