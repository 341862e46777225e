"""What authenticators say is believed only as far as it is signed for, for this page, by a person who was verified."""

import pytest

from tests.vault.conftest import refused
from tests.vault.passkeys.authenticator import KEY, UP, UV, Authenticator, cbor
from vault.messages.canonical import b64
from vault.messages.refusals import Code
from vault.passkeys.webauthn import Said, Site, made, used

SITE = Site("https://vault.example.org:8443")
CHALLENGE = b64(bytes(range(32)))
OTHER = b64(bytes(32))


def make(key, site=SITE, challenge=CHALLENGE, **lies):
    said = key.make(challenge, site.origin, site.rp_id, **lies)
    return made(SITE, CHALLENGE, *said)


def use(key, site=SITE, challenge=CHALLENGE, *, count=0, **lies):
    client, data, signature = key.use(challenge, site.origin, site.rp_id, **lies)
    said = Said(client_data=client, authenticator_data=data, signature=signature)
    return used(SITE, CHALLENGE, said, public=cbor(key.public), count=count)


def no(sentence, act, *args, **kwargs):
    assert refused(Code.PASSKEY_REFUSED, act, *args, **kwargs).detail == sentence


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_is_made_and_used(algorithm):
    key = Authenticator(algorithm)
    new = make(key)
    assert (new.id, new.public, new.count) == (key.id, cbor(key.public), 0)
    assert use(key) == 0
    key.count = 7
    assert use(key) == 7


@pytest.mark.parametrize("act", [make, use])
@pytest.mark.parametrize(
    ("origin", "sentence"),
    [
        ("https://vault.example.org", "It was made on another page."),
        ("http://vault.example.org:8443", "It was made on another page."),
        ("https://vault.example.org:8443.evil.net", "It was made on another page."),
        ("https://VAULT.example.org:8443", "It was made on another page."),
        ("null", "It was made on another page."),
    ],
)
def test_another_origin_is_refused(act, origin, sentence):
    no(sentence, act, Authenticator(), client={"origin": origin})


@pytest.mark.parametrize("act", [make, use])
@pytest.mark.parametrize(
    ("client", "sentence"),
    [
        ({"crossOrigin": True}, "It was made on another page."),
        ({"topOrigin": "https://evil.net"}, "It was made on another page."),
        ({"type": "payment.get"}, "It was made for something else."),
        ({"challenge": OTHER}, "It answers another challenge."),
        ({"challenge": ""}, "It answers another challenge."),
        ({"challenge": CHALLENGE[:-1]}, "It answers another challenge."),
        ({"challenge": "a"}, "The browser's words cannot be read."),
        ({"challenge": 7}, "The browser's words cannot be read."),
    ],
)
def test_a_browser_that_says_something_else_is_refused(act, client, sentence):
    no(sentence, act, Authenticator(), client=client)


@pytest.mark.parametrize("act", [make, use])
def test_another_relying_party_is_refused(act):
    key = Authenticator()
    honest = key._data
    key._data = lambda _, flags: honest("example.org", flags)
    no("It belongs to another site.", act, key)


@pytest.mark.parametrize("act", [make, use])
@pytest.mark.parametrize("flags", [0, UP, UV])
def test_a_person_must_be_there_and_verified(act, flags):
    flags |= KEY if act is make else 0
    no("The authenticator did not ask who is there (PIN, finger or face).", act, Authenticator(), flags=flags)


def test_registration_does_not_pass_for_use():
    no("It was made for something else.", use, Authenticator(), kind="webauthn.create")


def test_anothers_signature_is_refused():
    mine, theirs = Authenticator(), Authenticator()
    theirs.public = mine.public
    no("The signature is not the passkey's.", use, theirs)


@pytest.mark.parametrize("part", ["client_data", "authenticator_data", "signature"])
def test_every_signed_byte_counts(part):
    key = Authenticator("EdDSA")
    key.count = 1
    parts = dict(
        zip(
            ("client_data", "authenticator_data", "signature"), key.use(CHALLENGE, SITE.origin, SITE.rp_id), strict=True
        )
    )
    parts[part] += b" "
    no("The signature is not the passkey's.", used, SITE, CHALLENGE, Said(**parts), public=cbor(key.public), count=0)


@pytest.mark.parametrize(("before", "now"), [(5, 5), (5, 4), (5, 0), (1, 1)])
def test_a_counter_that_does_not_rise_is_refused(before, now):
    key = Authenticator()
    key.count = now
    no("Its counter went backwards: there may be a copy of it.", use, key, count=before)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({3: -7, -1: 2}, "Its curve is not P-256."),
        ({-3: bytes(32)}, "Its point is not on the curve."),
        ({3: -35}, "Its kind or algorithm is not one of ES256, EdDSA and RS256."),
        ({1: 1}, "Its kind or algorithm is not one of ES256, EdDSA and RS256."),
        ({-2: 7}, "Field -2 is missing."),
    ],
)
def test_a_key_that_nothing_verifies_with_is_refused(change, sentence):
    key = Authenticator()
    no(sentence, make, key, public=key.public | change)


@pytest.mark.parametrize("length", [0, 36, 37, 60, 80, 130])
def test_what_ends_early_is_refused(length):
    key = Authenticator()
    client, data = key.make(CHALLENGE, SITE.origin, SITE.rp_id)
    refused(Code.PASSKEY_REFUSED, made, SITE, CHALLENGE, client, data[:length])


def test_what_follows_the_key_is_refused():
    no("Something follows the key.", make, Authenticator(), more=b"\xa0")


def test_a_browsers_new_members_are_not_looked_at():
    assert use(Authenticator(), client={"other_keys_can_be_added_here": "as browsers say"}) == 0
