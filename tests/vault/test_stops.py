"""What the kill switch lets through: for an order that is admitted, and for one that is about to be sent."""

import uuid
from types import SimpleNamespace

import pytest
from django.db import transaction

from vault import clock
from vault.grants.models import Credential, Grant
from vault.kills import kills
from vault.messages.refusals import Code, Refused
from vault.messages.words import StopLevel
from vault.service import stops
from vault.service.standing import Standing
from vault.statements import Steady

pytestmark = pytest.mark.django_db
SIGNER = SimpleNamespace(standing=Standing())
OPENING, EVERYTHING = StopLevel.OPENING, StopLevel.EVERYTHING
_SWITCH = Steady(Grant.objects.annotate(epoch_of_kills=kills.EPOCH, kills=kills.IN_FORCE), "pk")


@pytest.fixture
def grant():
    owner = uuid.uuid4()
    key = Credential.objects.create(
        id=uuid.uuid4(), owner=owner, exchange="any", label="Key", state="ready", announced_at=clock.now()
    )
    return Grant.objects.create(id=uuid.uuid4(), owner=owner, credential=key, label="Bot", version=1)


def scopes(grant):
    of = [kills.user_scope(grant.owner), kills.account_scope(grant.credential_id), kills.bot_scope(grant.id)]
    return [kills.EVERYTHING, *of]


def switch(grant):
    row = _SWITCH.first(grant.id)
    return kills.Switch(epoch=row.epoch_of_kills or 0, in_force=row.kills)


def put(scope, level=EVERYTHING):
    return kills.put(scope, level, kills.HOST, now=clock.now())[0]


def lift(scope):
    kills.lift(scope, kills.HOST, now=clock.now())


def admitted(grant, *, exits=False):
    """The code of the refusal, or None."""
    return code(stops.admit, SIGNER, grant, switch(grant), exits=exits)


def sent(grant, epoch, *, exits=False):
    return code(stops.still, SIGNER, grant, SimpleNamespace(exits=exits), epoch)


def code(ask, *args, **kwargs):
    try:
        ask(*args, **kwargs)
    except Refused as why:
        return why.code
    return None


@pytest.mark.parametrize("which", range(4))
def test_what_a_bot_belongs_to_stops_it_until_it_is_lifted(grant, which):
    scope = scopes(grant)[which]
    put(scope)
    stopped = admitted(grant)
    lift(scope)
    assert (stopped, admitted(grant)) == (Code.EVERYTHING_STOPPED, None)


@pytest.mark.parametrize("which", range(4))
def test_opening_is_stopped_and_exits_are_not(grant, which):
    put(scopes(grant)[which], OPENING)
    assert (admitted(grant), admitted(grant, exits=True)) == (Code.OPENING_STOPPED, None)


def test_one_that_stops_others_only_lets_a_bot_through(grant):
    put(kills.bot_scope(uuid.uuid4()))
    assert admitted(grant) is None


def test_the_switch_is_as_it_is_now_each_time(grant):
    assert switch(grant) == kills.Switch(epoch=0, in_force=False)
    used = put(kills.EVERYTHING)
    assert switch(grant) == kills.Switch(epoch=used.id, in_force=True)
    lift(kills.EVERYTHING)
    assert switch(grant) == kills.Switch(epoch=used.id, in_force=False)


@pytest.mark.parametrize("level", list(StopLevel))
def test_one_that_was_put_and_lifted_since_an_order_was_admitted_stops_it(grant, level):
    before = switch(grant).epoch
    put(kills.bot_scope(grant.id), level)
    lift(kills.bot_scope(grant.id))
    assert (sent(grant, before), sent(grant, before, exits=True)) == (Code.OPENING_STOPPED, None)


def test_one_of_others_that_was_put_since_stops_nothing(grant):
    before = switch(grant).epoch
    put(kills.bot_scope(uuid.uuid4()))
    assert sent(grant, before) is None


def test_one_that_was_lifted_before_an_order_was_admitted_does_not_stop_it(grant):
    put(kills.bot_scope(grant.id))
    lift(kills.bot_scope(grant.id))
    put(kills.bot_scope(uuid.uuid4()))
    assert sent(grant, switch(grant).epoch) is None


def test_everything_stops_exits_too_right_before_they_are_sent(grant):
    before = switch(grant).epoch
    put(kills.user_scope(grant.owner))
    assert sent(grant, before, exits=True) == Code.EVERYTHING_STOPPED


def test_a_kill_that_was_taken_back_is_forgotten_with_its_number(grant):
    with transaction.atomic():
        put(kills.bot_scope(uuid.uuid4()))
        during = admitted(grant)
        transaction.set_rollback(True)
    put(kills.bot_scope(grant.id))
    assert (during, admitted(grant)) == (None, Code.EVERYTHING_STOPPED)
