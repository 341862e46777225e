"""What an owner is shown of who may ask, and of how far the record goes."""

import uuid

import pytest

from vault.messages.refusals import Refused


def seen(bot, owner=None):
    return bot.machine.web().overview(owner or bot.account.owner, 50)


def test_an_owner_sees_the_lease_and_the_token_of_its_own_bot(bot):
    bot.place()
    tables = seen(bot)
    assert [row["shard"] for row in tables.leases] == [bot.shard]
    assert {row["grant"] for row in tables.tokens} == {str(bot.grant)}
    assert all(row["until"] > row["minted_at"] for row in tables.tokens)


def test_an_owner_is_not_told_which_key_holds_a_lease_and_an_operator_is(bot):
    bot.place()
    assert all("holder" not in row for row in seen(bot).leases)
    everybody = bot.machine.web().overview(None, 50).leases
    assert all(row["holder"] for row in everybody)


def test_somebody_without_bots_sees_no_lease_and_no_token(bot):
    bot.place()
    tables = seen(bot, uuid.uuid4())
    assert (tables.leases, tables.tokens) == ([], [])


def test_everybody_is_told_how_far_the_whole_record_goes(bot):
    before = seen(bot).record
    bot.place()
    after = seen(bot, uuid.uuid4()).record
    assert after["height"] > before["height"]
    assert after["checkpoint"] <= after["height"]


def test_an_owners_record_has_its_key_its_bot_and_its_orders(bot):
    bot.place()
    (order,) = seen(bot).orders
    told = {(entry["kind"], entry["subject"]) for entry in seen(bot).audit}
    assert ("key.connected", str(bot.account.credential)) in told
    assert ("grant.written", str(bot.grant)) in told
    assert ("order.place", order["client_order_id"]) in told
    assert ("order.placed", order["client_order_id"]) in told


def test_an_owners_record_is_not_made_of_tokens(bot):
    bot.place()
    assert "token.minted" not in {entry["kind"] for entry in seen(bot).audit}


def test_an_old_order_is_in_the_record_when_something_happens_to_it(bot):
    bot.place("old", price="50000")
    for number in range(3):
        bot.place(f"new-{number}", price="50000")
    bot.cancel("old")
    (old,) = [row["client_order_id"] for row in seen(bot).orders if row["name"] == "old"]
    told = bot.machine.web().overview(bot.account.owner, 2).audit
    assert {entry["subject"] for entry in told} == {old}


def test_somebody_elses_record_has_none_of_it(bot):
    bot.place()
    assert seen(bot, uuid.uuid4()).audit == []


def test_refused_orders_are_told_of_their_own(bot):
    with pytest.raises(Refused):
        bot.place(market="DOGE/USDT")
    (entry,) = seen(bot).refused
    assert entry["body"]["intent"]["market"] == "DOGE/USDT"
