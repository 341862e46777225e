"""A token or a proof that is not exactly right is refused, with its own code, and nothing reaches the exchange."""

import time

import jwt
import pytest

from tests.support.processes import wait_until
from tests.vault.conftest import Bot, refused
from tests.vault.wire import another_key, encoded, key_headers, token_headers
from vault.client import KeyFile
from vault.messages.refusals import SENTENCES, Code
from vault.messages.words import RevokeGrant, TakeLease, WriteGrant
from vault.tokens.tokens import Mint

PLACE = "/v1/orders/place"


@pytest.fixture
def other(machine):
    made = Bot(machine)
    yield made
    made.leave()


def ask(bot, word=None, token=None, path=PLACE, **bent):
    body = encoded(word or bot.word())
    token = token or bot.lease._token(bot.grant)
    return bot.wire.post(path, body, token_headers(bot.lease, token, path, body, **bent))


def is_refused(answer, code):
    status, body = answer
    assert (body["kind"], body["code"], body["sentence"]) == ("refused", code, SENTENCES[code]), (status, body)
    assert 400 <= status < 500


def nothing_happened(*bots):
    for bot in bots:
        assert bot.at_exchange() == []
        assert bot.orders() == []


def reminted(machine, bot, **claims):
    """The bot's token with other claims, signed with the signer's own key."""
    payload = jwt.decode(bot.lease._token(bot.grant), options={"verify_signature": False})
    mint = Mint.load(machine.folder / "vault/token.key")
    return jwt.encode(payload | claims, mint._key.expose(), algorithm="EdDSA", headers={"typ": "botplatform-token+jwt"})


def test_a_token_that_another_key_proves_is_refused(quiet):
    is_refused(ask(quiet, key=another_key()), Code.WRONG_HOLDER)


def test_a_token_of_another_lease_is_refused(bot, other):
    body = encoded(bot.word())
    token = bot.lease._token(bot.grant)
    headers = token_headers(other.lease, token, PLACE, body)
    is_refused(bot.wire.post(PLACE, body, headers), Code.WRONG_HOLDER)
    nothing_happened(bot, other)


def test_a_token_for_another_grant_is_refused(bot, other):
    is_refused(ask(bot, word=other.word()), Code.WRONG_GRANT)
    nothing_happened(bot, other)


def test_an_expired_token_is_refused(machine, quiet):
    now = int(time.time())
    is_refused(ask(quiet, token=reminted(machine, quiet, exp=now - 1)), Code.TOKEN_EXPIRED)
    is_refused(ask(quiet, token=reminted(machine, quiet, exp=now)), Code.TOKEN_EXPIRED)


def test_a_token_that_the_signer_did_not_sign_is_refused(quiet):
    payload = jwt.decode(quiet.lease._token(quiet.grant), options={"verify_signature": False})
    headers = {"typ": "botplatform-token+jwt"}
    forged = jwt.encode(payload, another_key(), algorithm="EdDSA", headers=headers)
    is_refused(ask(quiet, token=forged), Code.BAD_TOKEN)
    unsigned = jwt.encode(payload, None, algorithm="none", headers=headers)
    is_refused(ask(quiet, token=unsigned), Code.BAD_TOKEN)


@pytest.mark.parametrize("garbage", ["x", "..", "a.b.c", "é.é.é", "e30.e30.e30", "A" * 5000])
def test_a_token_of_garbage_is_refused(quiet, garbage):
    body = encoded(quiet.word())
    headers = token_headers(quiet.lease, garbage, PLACE, body)
    headers["Authorization"] = headers["Authorization"].encode("latin-1")
    is_refused(quiet.wire.post(PLACE, body, headers), Code.BAD_TOKEN)


def test_a_token_with_a_claim_of_another_form_is_refused(machine, quiet):
    is_refused(ask(quiet, token=reminted(machine, quiet, fence="1")), Code.BAD_TOKEN)
    is_refused(ask(quiet, token=reminted(machine, quiet, cnf={})), Code.BAD_TOKEN)


def test_the_same_proof_again_is_refused(bot):
    body = encoded(bot.word())
    headers = token_headers(bot.lease, bot.lease._token(bot.grant), PLACE, body)
    assert bot.wire.post(PLACE, body, headers)[0] == 200
    is_refused(bot.wire.post(PLACE, body, headers), Code.PROOF_REPLAYED)
    assert len(bot.at_exchange()) == 1


def test_the_proof_of_a_refused_order_is_used_up(quiet):
    body = encoded(quiet.word(price="59999.999"))
    headers = token_headers(quiet.lease, quiet.lease._token(quiet.grant), PLACE, body)
    is_refused(quiet.wire.post(PLACE, body, headers), Code.OFF_THE_GRID)
    is_refused(quiet.wire.post(PLACE, body, headers), Code.PROOF_REPLAYED)


def test_the_proof_of_a_refused_cancel_is_used_up(bot):
    """Else whoever saw it could cancel the order once it is there."""
    path, body = "/v1/orders/cancel", encoded(identity(bot))
    headers = token_headers(bot.lease, bot.lease._token(bot.grant), path, body)
    is_refused(bot.wire.post(path, body, headers), Code.UNKNOWN_ORDER)
    bot.place()
    is_refused(bot.wire.post(path, body, headers), Code.PROOF_REPLAYED)
    assert bot.state() == "accepted"


def identity(bot):
    return {"grant": str(bot.grant), "deal": str(bot.deal), "name": "base", "generation": 1}


def test_the_proof_of_a_refused_look_up_is_used_up(quiet):
    path, body = "/v1/orders/look-up", encoded(identity(quiet))
    headers = token_headers(quiet.lease, quiet.lease._token(quiet.grant), path, body)
    is_refused(quiet.wire.post(path, body, headers), Code.UNKNOWN_ORDER)
    is_refused(quiet.wire.post(path, body, headers), Code.PROOF_REPLAYED)


def test_a_proof_over_another_body_is_refused(quiet):
    body = encoded(quiet.word())
    headers = token_headers(quiet.lease, quiet.lease._token(quiet.grant), PLACE, body)
    is_refused(quiet.wire.post(PLACE, encoded(quiet.word(amount="0.002")), headers), Code.BAD_PROOF)


def test_a_proof_for_another_path_is_refused(quiet):
    body = encoded(identity(quiet))
    headers = token_headers(quiet.lease, quiet.lease._token(quiet.grant), "/v1/orders/look-up", body)
    is_refused(quiet.wire.post("/v1/orders/cancel", body, headers), Code.BAD_PROOF)


@pytest.mark.parametrize("late", [-32, 33], ids=["old", "from the future"])
def test_a_proof_of_another_time_is_refused(quiet, late):
    is_refused(ask(quiet, iat=int(time.time()) + late), Code.PROOF_EXPIRED)


@pytest.mark.parametrize(
    "claims",
    [
        {"v": 2},
        {"htm": "GET"},
        {"ath": "x"},
        {"ath": "\ud800"},
        {"htu": "\ud800"},
        {"seq": 0},
        {"seq": -1},
        {"seq": "7"},
        {"seq": 2**63},
        {"seq": 10**40},
        {"iat": 1e999},
        {"iat": None},
        {"bh": 5},
    ],
    ids=str,
)
def test_a_proof_with_a_wrong_claim_is_refused(quiet, claims):
    is_refused(ask(quiet, **claims), Code.BAD_PROOF)


def test_a_proof_of_another_type_is_refused(quiet):
    is_refused(ask(quiet, kind="JWT"), Code.BAD_PROOF)
    is_refused(ask(quiet, kind="botplatform-token+jwt"), Code.BAD_PROOF)


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "x",
        "a.b.c",
        "é",
        "eyJqd2siOiA3fQ.e30.e30",  # {"jwk": 7}
        "eyJqd2siOiB7IngiOiAiXHVkODAwIn19.e30.e30",  # {"jwk": {"x": "\ud800"}}
        "W1tbW1tbW1tb" * 2000 + ".e30.e30",
    ],
)
def test_a_proof_of_garbage_is_refused(quiet, proof):
    token = quiet.lease._token(quiet.grant)
    headers = {"Authorization": f"Token {token}", "Proof": proof.encode("latin-1")}
    status, answer = quiet.wire.post(PLACE, encoded(quiet.word()), headers)
    assert answer["code"] in (Code.BAD_PROOF, Code.WRONG_HOLDER), (status, answer)


def test_a_request_without_credentials_is_refused(quiet):
    for headers in ({}, {"Authorization": "Token x"}, {"Proof": "x"}, {"Authorization": "Basic eA==", "Proof": "x"}):
        is_refused(quiet.wire.post(PLACE, encoded(quiet.word()), headers), Code.BAD_PROOF)
        is_refused(quiet.wire.post("/v1/leases/take", b"{}", headers), Code.BAD_PROOF)


def test_a_stale_fence_is_refused(machine, bot):
    old, token = bot.lease, bot.lease._token(bot.grant)
    old.release()
    bot.lease = machine.runner().take_lease(bot.shard)
    body = encoded(bot.word())
    is_refused(bot.wire.post(PLACE, body, token_headers(old, token, PLACE, body)), Code.STALE_FENCE)
    refused(Code.STALE_FENCE, old.renew)
    refused(Code.STALE_FENCE, old.events, 0)
    nothing_happened(bot)


def test_a_fence_that_was_never_given_is_refused(machine, quiet):
    is_refused(ask(quiet, token=reminted(machine, quiet, fence=99)), Code.LEASE_EXPIRED)


def test_a_token_outlives_no_lease(bot):
    token = bot.lease._token(bot.grant)
    bot.lease.release()
    is_refused(ask(bot, token=token), Code.LEASE_EXPIRED)
    nothing_happened(bot)


def test_after_revocation_nothing_is_placed(machine, bot):
    token = bot.lease._token(bot.grant)
    machine.web().revoke_grant(bot.account.owner, bot.grant)
    is_refused(ask(bot, token=token), Code.GRANT_REVOKED)
    bot.lease._tokens.clear()
    refused(Code.GRANT_REVOKED, bot.place)
    nothing_happened(bot)
    assert bot.audit()[0]["kind"] == "grant.revoked"


def test_a_revoked_grant_stays_revoked(machine, bot):
    machine.web().revoke_grant(bot.account.owner, bot.grant)
    refused(Code.GRANT_REVOKED, machine.web().write_grant, next_version(machine, bot))


def next_version(machine, bot, version=2, **limits):
    limits = {"markets": ("BTC/USDT",), "sides": ("buy",), "types": ("limit",), "order_notional": "500"} | limits
    return WriteGrant(
        grant=bot.grant,
        owner=bot.account.owner,
        credential=bot.account.credential,
        version=version,
        label="Bot",
        limits=limits,
    )


def test_a_token_of_an_older_grant_version_is_refused(machine, bot):
    token = bot.lease._token(bot.grant)
    machine.web().write_grant(next_version(machine, bot))
    is_refused(ask(bot, token=token), Code.GRANT_CHANGED)
    nothing_happened(bot)
    assert bot.place().state == "accepted"  # the client asks for a new token by itself


def test_a_bot_runs_under_one_shard(machine, bot, other):
    other.grant = bot.grant
    bot.lease._token(bot.grant)
    refused(Code.HELD_BY_ANOTHER_SHARD, other.lease.open_grant, bot.grant)
    bot.lease.release()
    other.lease.open_grant(bot.grant)
    bot.lease = machine.runner().take_lease(bot.shard)
    refused(Code.HELD_BY_ANOTHER_SHARD, bot.place)
    nothing_happened(bot)


def test_a_shard_has_one_runner(machine, quiet):
    refused(Code.LEASE_HELD, machine.runner().take_lease, quiet.shard)


def test_a_web_key_leases_nothing(machine, quiet):
    web = KeyFile.read(machine.folder / "platform/web.key")
    for path in ("/v1/leases/take", "/v1/leases/renew", "/v1/leases/release", "/v1/tokens", "/v1/events"):
        body = encoded(TakeLease(shard="other", proof_key=quiet.lease._public))
        is_refused(quiet.wire.post(path, body, key_headers(web, path, body)), Code.WRONG_KIND_OF_KEY)


def test_a_runner_key_writes_no_grant_and_connects_no_key(machine, bot):
    runner = KeyFile.read(machine.folder / "platform/runner.key")
    for path in ("/v1/grants/write", "/v1/grants/revoke", "/v1/keys/announce", "/v1/keys/connect", "/v1/keys/remove"):
        body = encoded(RevokeGrant(owner=bot.account.owner, grant=bot.grant))
        is_refused(bot.wire.post(path, body, key_headers(runner, path, body)), Code.WRONG_KIND_OF_KEY)
    assert bot.place().state == "accepted"


def test_a_key_that_is_not_enrolled_is_refused(quiet):
    body = b"{}"
    is_refused(
        quiet.wire.post("/v1/overview", body, key_headers(another_key(), "/v1/overview", body)), Code.UNKNOWN_KEY
    )


def test_an_enrolled_key_proves_each_request_anew(machine, quiet):
    web, path, body = KeyFile.read(machine.folder / "platform/web.key"), "/v1/overview", b"{}"
    headers = key_headers(web, path, body)
    assert quiet.wire.post(path, body, headers)[0] == 200
    is_refused(quiet.wire.post(path, body, headers), Code.PROOF_REPLAYED)
    is_refused(quiet.wire.post(path, b"{} ", key_headers(web, path, body)), Code.BAD_PROOF)
    is_refused(quiet.wire.post(path, body, key_headers(web, "/v1/tokens", body)), Code.BAD_PROOF)
    is_refused(quiet.wire.post(path, body, key_headers(web, path, body, iat=int(time.time()) - 32)), Code.PROOF_EXPIRED)
    one, other = key_headers(web, path, body), key_headers(another_key(), path, body)
    is_refused(quiet.wire.post(path, body, one | {"Proof": other["Proof"]}), Code.BAD_PROOF)


def test_a_lease_that_is_not_renewed_runs_out(bot):
    """The one test that waits for a lease: its bot does nothing while another's time passes."""
    token = bot.lease._token(bot.grant)
    wait_until(lambda: not bot.lease.live, what="the end of the lease")
    body = encoded(bot.word())

    def expired():
        answer = bot.wire.post(PLACE, body, token_headers(bot.lease, token, PLACE, body))
        return answer if answer[0] != 200 else None

    is_refused(wait_until(expired), Code.LEASE_EXPIRED)
    nothing_happened(bot)
    refused(Code.LEASE_EXPIRED, bot.lease.renew)
