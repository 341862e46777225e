"""New keys for the signer: what the old ones made ends by itself, or at once."""

import os
import stat
import uuid

import pytest

from tests.support.machine import Machine
from tests.support.processes import run
from tests.vault.conftest import Bot
from tests.vault.test_refused_tokens import ask, is_refused
from vault.client.client import seal
from vault.messages.refusals import Code, Refused


@pytest.fixture(scope="module")
def rotated():
    """A machine whose keys may change."""
    with Machine() as running:
        yield running


@pytest.fixture
def bot(rotated):
    made = Bot(rotated)
    yield made
    made.leave()


def rotate(machine, *words):
    return run("-m", "vault", "rotate", *words, env=machine.env)


def announced(machine):
    """A page that was opened: where its form will go, and to which key it is sealed."""
    opened, owner = machine.paper.open_account(), uuid.uuid4()
    return opened, owner, machine.web().announce_key(owner, "paper", "Mine")


def connected(machine, page):
    opened, owner, answer = page
    form = seal(opened["key"], opened["secret"], owner=owner, answer=answer)
    return machine.web().connect_key(owner, uuid.UUID(answer.credential), form)


def test_tokens_of_the_key_before_go_on_and_new_ones_are_of_the_new(rotated, bot):
    token = bot.lease._token(bot.grant)
    rotate(rotated, "token-key")
    assert ask(bot, token=token)[0] == 200
    bot.lease._tokens.clear()
    assert bot.place("second").state == "accepted"


def test_at_once_ends_every_token_that_there_is(rotated, bot):
    token = bot.lease._token(bot.grant)
    rotate(rotated, "token-key", "--at-once")
    is_refused(ask(bot, token=token), Code.BAD_TOKEN)
    assert bot.place().state == "accepted"  # the client asks for a new one by itself


def test_a_key_before_the_one_before_counts_no_more(rotated, bot):
    token = bot.lease._token(bot.grant)
    rotate(rotated, "token-key")
    rotate(rotated, "token-key")
    is_refused(ask(bot, token=token), Code.BAD_TOKEN)


def test_a_key_before_is_forgotten_after_the_life_of_its_tokens(rotated, bot):
    token = bot.lease._token(bot.grant)
    rotate(rotated, "token-key")
    before = rotated.folder / "vault/token.previous"
    os.utime(before, (before.stat().st_mtime - 121,) * 2)
    is_refused(ask(bot, token=token), Code.BAD_TOKEN)


def test_a_form_that_was_sealed_before_is_still_opened(rotated):
    page = announced(rotated)
    rotate(rotated, "intake-key")
    assert connected(rotated, page)
    assert connected(rotated, announced(rotated))


def test_at_once_opens_no_form_that_was_sealed_before(rotated):
    page = announced(rotated)
    rotate(rotated, "intake-key", "--at-once")
    with pytest.raises(Refused) as caught:
        connected(rotated, page)
    assert caught.value.code is Code.SEALED_FORM_INVALID
    assert connected(rotated, announced(rotated))


@pytest.mark.parametrize(("what", "where"), [("token-key", "token"), ("intake-key", "intake/intake")])
def test_both_keys_are_their_users_alone(rotated, what, where):
    rotate(rotated, what)
    for name in (f"{where}.key", f"{where}.previous"):
        assert stat.S_IMODE((rotated.folder / "vault" / name).stat().st_mode) == 0o600


def test_it_is_written_down(rotated):
    rotate(rotated, "token-key", "--at-once")
    entry = rotated.web().overview(None, 1).audit[0]
    assert (entry["kind"], entry["subject"]) == ("key.rotated", "token-key")
