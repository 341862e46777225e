"""Which version of a grant counts: narrowed by anybody with a web key, widened by its owner alone."""

import uuid

import pytest

from tests.vault.conftest import Bot, refused
from tests.vault.test_refused_tokens import next_version
from vault import clock
from vault.grants import grants
from vault.grants.models import Credential, GrantVersion
from vault.messages.refusals import Code, Refused
from vault.messages.words import Limits, WriteGrant

LIMITS = {
    "markets": ("BTC/USDT",),
    "sides": ("buy",),
    "types": ("limit",),
    "order_notional": "100",
    "turnover": "1000",
    "inventory": {},
}


@pytest.fixture
def write(db):
    """Writes the next version of one grant, as on a real host unless it says `paper`."""
    credential = Credential.objects.create(
        id=uuid.uuid4(), owner=uuid.uuid4(), exchange="any", label="Key", state="ready", announced_at=clock.now()
    )
    grant = uuid.uuid4()

    def write(version, *, paper=False, reauthenticated_at=None, **limits):
        word = WriteGrant(
            grant=grant,
            owner=credential.owner,
            credential=credential.id,
            version=version,
            label="Bot",
            limits=Limits(**LIMITS | limits),
            reauthenticated_at=reauthenticated_at,
        )
        return grants.write(word, by="web", now=clock.now(), paper=paper)

    return write


def counts(grant, *, paper=False):
    try:
        grants.counts(grant, paper=paper)
    except Refused as why:
        return why.code is not Code.GRANT_NOT_APPROVED
    return True


def code(act, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        act(*args, **kwargs)
    return caught.value.code


@pytest.mark.parametrize("state", Credential.State.values)
def test_a_key_can_be_used_while_it_is_ready_and_only_then(db, state):
    key = Credential.objects.create(
        id=uuid.uuid4(), owner=uuid.uuid4(), exchange="any", label="Key", state=state, announced_at=clock.now()
    )
    ready = state == "ready"
    assert grants.connected() == ({key.id: "any"} if ready else {})
    assert grants.key(key.id) == (key if ready else None)


def test_on_a_real_host_nothing_counts_without_its_owner(write):
    grant = write(1)
    assert not counts(grant)
    grants.approve(grant.id, 1, {"by": "passkey"}, now=clock.now())
    assert counts(grant)
    assert GrantVersion.objects.get(grant=grant, version=1).approval == '{"by":"passkey"}'


def test_a_narrower_version_of_an_approved_one_counts_at_once(write):
    grant = write(1)
    grants.approve(grant.id, 1, {}, now=clock.now())
    assert counts(write(2, order_notional="50"))
    assert counts(write(3, order_notional="50", turnover="10"))


def test_a_wider_version_waits_whatever_the_web_says(write):
    grant = write(1)
    grants.approve(grant.id, 1, {}, now=clock.now())
    wider = write(2, order_notional="101", reauthenticated_at=clock.seconds())
    assert not counts(wider)
    assert not counts(write(3, order_notional="100")), "narrower than what never counted is not approved"


def test_an_older_approval_says_nothing_of_a_change(write):
    grant = write(1)
    write(2, turnover="10")
    assert code(grants.approve, grant.id, 1, {}, now=clock.now()) is Code.GRANT_CHANGED
    assert not counts(grants.current(grant.id))
    grants.revoke(grant.id, grant.owner, now=clock.now())
    assert code(grants.approve, grant.id, 2, {}, now=clock.now()) is Code.NOT_FOUND


def test_on_paper_a_wider_version_takes_a_fresh_sign_in(write):
    counts(write(1, paper=True), paper=True)
    assert code(write, 2, paper=True, order_notional="101") is Code.WIDER_THAN_BEFORE
    for old in (clock.seconds() - grants.FRESH - 1, clock.seconds() + 60):
        assert code(write, 2, paper=True, order_notional="101", reauthenticated_at=old) is Code.WIDER_THAN_BEFORE
    assert write(2, paper=True, order_notional="101", reauthenticated_at=clock.seconds()).version == 2
    assert write(3, paper=True, order_notional="100").version == 3


def test_a_refusal_names_what_is_wider(write):
    write(1, paper=True)
    with pytest.raises(Refused) as caught:
        write(2, paper=True, sides=("buy", "sell"), turnover="1001", order_notional="1")
    assert caught.value.detail == "It is wider in: sides, turnover."


def test_a_web_key_widens_only_after_a_sign_in(machine, bot):
    """The whole way over the wire; the bot runs on under what it has."""
    machine.web().write_grant(next_version(machine, bot))
    wider = next_version(machine, bot, version=3, order_notional="5000")
    refused(Code.WIDER_THAN_BEFORE, machine.web().write_grant, wider)
    assert bot.place().state == "accepted"


def test_what_an_older_grant_leaves_out_does_not_stop_its_bot(machine):
    bot = Bot(machine)  # written as grants were before they had limits
    assert bot.place(name="exit", side="sell", amount="0.01", price="61000").state == "accepted"
    bot.leave()
