"""The vault's pages as people see them, in a real browser. `UPDATE_SCREENS=1` renews docs/screens."""

import time
import uuid

import pytest

from tests.vault.pages.conftest import Person
from vault.messages.words import Limits, StopLevel, WriteGrant

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

LOOKS = {"": {}, "-dark": {"dark": True}, "-phone": {"dark": True, "width": 390, "height": 844}}


@pytest.fixture(scope="module")
def settled(vaulted):
    """An owner with a grant that is approved, one that waits, and a kill; nobody's passkey yet."""
    owner = uuid.uuid4()
    account = vaulted.real_account(owner)
    limits = Limits(
        markets=("BTC/USDT", "ETH/USDT"),
        sides=("buy", "sell"),
        types=("limit", "ioc"),
        order_notional="250",
        turnover="5000",
        slippage="10",
        loss="50",
        expires=int(time.time()) + 90 * 86400,
    )
    named = {"owner": owner, "credential": account.credential, "label": "Grid on two coins"}
    vaulted.web().write_grant(WriteGrant(grant=uuid.uuid4(), version=1, limits=limits, **named))
    vaulted.account(owner=owner)
    vaulted.web().kill(owner, f"account:{account.credential}", StopLevel.OPENING)
    return owner


@pytest.mark.parametrize("look", LOOKS)
def test_the_vault_fits_its_window(chromium, vaulted, settled, look):
    person = Person(chromium, vaulted, settled, **LOOKS[look])
    person.come_from_the_web()
    person.keep(f"vault{look}")
    person.context.close()


@pytest.mark.parametrize("look", LOOKS)
def test_the_door_fits_its_window(chromium, vaulted, look):
    person = Person(chromium, vaulted, **LOOKS[look])
    person.open("/")
    person.page.get_by_role("button", name="Sign in with a passkey", exact=True).wait_for()
    person.keep("" if look else "vault-door")
    person.context.close()


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_wrong_stands_at_its_field(chromium, vaulted, look):
    person = Person(chromium, vaulted, **LOOKS[look])
    person.come_from_the_web()
    for name, text in (("label", "Savings"), ("key", "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv"), ("secret", "too short")):
        person.page.fill(f"#connect [name={name}]", text)
    person.press("Connect")
    person.is_refused("That is not what a key looks like. Nothing was sent.")
    assert person.page.locator(".bp-wrong:not(:empty)").count() == 1
    person.keep("" if look else "vault-malformed")
    person.context.close()
