"""A token that was stolen: out of a log, a proxy, a dump of a runner's memory. Alone it is worth nothing; with the key
it is bound to it is worth what its grant allows, for two minutes at most, and nothing once somebody says stop.
"""

import time

import pytest

from tests.support.processes import run, wait_until
from tests.vault.conftest import Bot, refused
from tests.vault.test_refused_tokens import PLACE, ask, is_refused, next_version, nothing_happened, reminted
from tests.vault.wire import another_key, encoded, token_headers
from vault.client import KeyFile, RunnerClient
from vault.messages.refusals import Code
from vault.messages.words import StopLevel


@pytest.fixture
def stolen(bot):
    """The bot's token, as a thief has it."""
    return bot.lease._token(bot.grant)


@pytest.fixture
def other(machine):
    made = Bot(machine)
    yield made
    made.leave()


def test_it_is_nothing_without_its_key(bot, stolen):
    is_refused(ask(bot, token=stolen, key=another_key()), Code.WRONG_HOLDER)
    nothing_happened(bot)


def test_it_is_nothing_without_a_proof(bot, stolen):
    headers = {"Authorization": f"Token {stolen}"}
    is_refused(bot.wire.post(PLACE, encoded(bot.word()), headers), Code.BAD_PROOF)
    nothing_happened(bot)


def test_a_request_that_was_listened_to_cannot_be_sent_again(bot, stolen):
    body = encoded(bot.word())
    heard = token_headers(bot.lease, stolen, PLACE, body)
    assert bot.wire.post(PLACE, body, heard)[0] == 200
    is_refused(bot.wire.post(PLACE, body, heard), Code.PROOF_REPLAYED)
    assert len(bot.at_exchange()) == 1


def test_its_proof_is_good_for_that_very_request_alone(bot, stolen):
    heard = token_headers(bot.lease, stolen, PLACE, encoded(bot.word()))
    is_refused(bot.wire.post(PLACE, encoded(bot.word(amount="0.01")), heard), Code.BAD_PROOF)
    nothing_happened(bot)


def test_with_its_key_it_trades_no_market_beside_its_grants(bot, stolen):
    is_refused(ask(bot, bot.word(market="ETH/USDT"), token=stolen), Code.MARKET_NOT_GRANTED)
    nothing_happened(bot)


def test_with_its_key_it_is_good_for_no_other_grant(bot, stolen, other):
    is_refused(ask(bot, other.word(), token=stolen), Code.WRONG_GRANT)
    nothing_happened(bot, other)


def test_with_its_key_it_spends_no_more_than_its_grant_allows(bot, stolen):
    is_refused(ask(bot, bot.word(amount="1"), token=stolen), Code.OVER_NOTIONAL)
    nothing_happened(bot)


def test_it_is_over_after_two_minutes(machine, bot):
    is_refused(ask(bot, token=reminted(machine, bot, exp=int(time.time()) - 1)), Code.TOKEN_EXPIRED)
    nothing_happened(bot)


def test_it_is_over_with_its_runners_lease(bot, stolen):
    bot.lease.release()
    is_refused(ask(bot, token=stolen), Code.LEASE_EXPIRED)
    nothing_happened(bot)


def test_it_is_over_once_another_runner_has_taken_over(machine, bot, stolen):
    old = bot.lease
    old.release()
    bot.lease = machine.runner().take_lease(bot.shard)
    body = encoded(bot.word())
    is_refused(bot.wire.post(PLACE, body, token_headers(old, stolen, PLACE, body)), Code.STALE_FENCE)
    nothing_happened(bot)


def test_it_is_over_when_its_grant_is_revoked(machine, bot, stolen):
    machine.web().revoke_grant(bot.account.owner, bot.grant)
    is_refused(ask(bot, token=stolen), Code.GRANT_REVOKED)
    nothing_happened(bot)


def test_it_is_over_when_its_grant_is_changed(machine, bot, stolen):
    machine.web().write_grant(next_version(machine, bot))
    is_refused(ask(bot, token=stolen), Code.GRANT_CHANGED)
    nothing_happened(bot)


def test_it_is_of_no_use_to_another_runner(machine, bot):
    is_refused(ask(bot, token=reminted(machine, bot, runner="x" * 43)), Code.LEASE_HELD)
    nothing_happened(bot)


def test_it_is_over_when_its_runners_key_is_withdrawn(machine, tmp_path):
    kid = run("-m", "vault", "enroll-runner", "--key-file", tmp_path / "key", env=machine.env).split()[1]
    runner = RunnerClient(machine.run_folder / "signer.sock", KeyFile.read(tmp_path / "key"))
    bot = Bot(machine, runner=runner)
    stolen = bot.lease._token(bot.grant)
    assert kid in run("-m", "vault", "keys", env=machine.env)
    run("-m", "vault", "withdraw", kid, env=machine.env)
    is_refused(ask(bot, token=stolen), Code.UNKNOWN_KEY)
    refused(Code.UNKNOWN_KEY, bot.lease.renew)
    nothing_happened(bot)
    runner.close()


def test_a_key_that_nobody_knows_cannot_be_withdrawn(machine):
    with pytest.raises(AssertionError, match="No key of this id"):
        run("-m", "vault", "withdraw", "x" * 43, env=machine.env)


def test_it_opens_nothing_while_the_bot_is_stopped(machine, bot, stolen):
    machine.web().kill(bot.account.owner, f"bot:{bot.grant}", StopLevel.EVERYTHING)
    is_refused(ask(bot, token=stolen), Code.EVERYTHING_STOPPED)
    nothing_happened(bot)


def test_after_all_that_nothing_is_lost(bot, stolen):
    is_refused(ask(bot, token=stolen, key=another_key()), Code.WRONG_HOLDER)
    bot.place()
    wait_until(lambda: len(bot.at_exchange()) == 1, what="the honest order")
    refused(Code.GENERATION_ALIVE, bot.place, generation=2)
