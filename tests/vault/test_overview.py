"""What an owner is shown of who may ask, and of how far the record goes."""

import uuid


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
