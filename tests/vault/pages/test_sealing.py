"""The browser seals as RFC 9180 says, and what it sealed is opened by the intake child alone."""

import json
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.vault.conftest import refused
from vault.hazmat.sealed import CannotOpen, make_key, open_form
from vault.messages import sealing
from vault.messages.canonical import b64, unb64
from vault.messages.refusals import Code

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

OWNER, CREDENTIAL = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
VECTOR = json.loads((Path(__file__).parent / "hpke_vector.json").read_text())  # published with RFC 9180
SEAL = """async ({words, to}) => (await import("/sealing.js")).sealedForm(words, to)"""


def in_browser(page, public_key, owner=OWNER, credential=CREDENTIAL, **words):
    to = {"owner": str(owner), "credential": str(credential), "publicKey": public_key}
    return page.evaluate(SEAL, {"words": {"key": "k" * 16, "secret": "s" * 32} | words, "to": to})


@pytest.fixture
def intake(tmp_path):
    make_key(tmp_path / "intake.key")
    return tmp_path / "intake.key"


@pytest.fixture
def public_key(intake):
    return b64(intake.with_suffix(".pub").read_bytes())


def test_the_published_vector_comes_out_byte_for_byte(page):
    (first,) = VECTOR["encryptions"]
    sealed = page.evaluate(
        """async ({private_key, public_key, recipient, info, aad, pt}) => {
            const { seal } = await import("/hpke.js");
            const { unb64, b64 } = await import("/bytes.js");
            const curve = { name: "ECDH", namedCurve: "P-256" };
            const ephemeral = {
              privateKey: await crypto.subtle.importKey("jwk", private_key, curve, false, ["deriveBits"]),
              publicKey: await crypto.subtle.importKey("raw", unb64(public_key), curve, true, []),
            };
            return b64(await seal(unb64(recipient), unb64(info), unb64(pt), { aad: unb64(aad), ephemeral }));
        }""",
        {
            "private_key": jwk(VECTOR["skEm"], VECTOR["pkEm"]),
            "public_key": b64(bytes.fromhex(VECTOR["pkEm"])),
            "recipient": b64(bytes.fromhex(VECTOR["pkRm"])),
            "info": b64(bytes.fromhex(VECTOR["info"])),
            "aad": b64(bytes.fromhex(first["aad"])),
            "pt": b64(bytes.fromhex(first["pt"])),
        },
    )
    assert unb64(sealed).hex() == VECTOR["enc"] + first["ct"]


def jwk(private, public):
    point = bytes.fromhex(public)
    x, y, d = point[1:33], point[33:], bytes.fromhex(private)
    return {"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y), "d": b64(d)}


@pytest.mark.parametrize("words", [{}, {"secret": "x" * 512}, {"passphrase": "p" * 12}, {"secret": "naïve €uro"}])
def test_a_form_sealed_in_the_browser_is_opened_with_the_intake_key(page, intake, public_key, words):
    sealed = in_browser(page, public_key, **words)
    opened = open_form(intake, unb64(sealed), sealing.info(OWNER, CREDENTIAL))
    assert json.loads(opened.expose()) == {"v": 1, "key": "k" * 16, "secret": "s" * 32} | words


@pytest.mark.parametrize("info", [(CREDENTIAL, OWNER), (OWNER, OWNER), ("", OWNER + CREDENTIAL)])
def test_a_form_is_bound_to_its_owner_and_key(page, intake, public_key, info):
    sealed = in_browser(page, public_key)
    with pytest.raises(CannotOpen):
        open_form(intake, unb64(sealed), sealing.info(*info))


def test_the_binding_is_written_as_the_signer_writes_it(page):
    written = page.evaluate(
        """async ([owner, credential]) => Array.from((await import("/sealing.js")).boundTo(owner, credential))""",
        [OWNER, CREDENTIAL],
    )
    assert bytes(written) == sealing.info(OWNER, CREDENTIAL)


def test_no_two_forms_are_alike(page, public_key):
    forms = [in_browser(page, public_key) for _ in range(2)]
    assert forms[0][:87] != forms[1][:87], "each has an encapsulated key of its own"
    assert forms[0] != forms[1]


def test_a_recipient_off_the_curve_is_refused(page):
    point = ec.derive_private_key(7, ec.SECP256R1()).public_key().public_numbers()
    off = b"\x04" + point.x.to_bytes(32, "big") + (point.y ^ 1).to_bytes(32, "big")
    with pytest.raises(Exception, match="DataError"):
        in_browser(page, b64(off))


def test_the_intake_child_opens_what_the_browser_sealed(machine, page):
    owner, opened = uuid.uuid4(), machine.paper.open_account(("trade",))
    announced = machine.web().announce_key(owner, "paper", "Sealed in a browser")
    sealed = in_browser(
        page, announced.public_key, owner, announced.credential, key=opened["key"], secret=opened["secret"]
    )
    stranger = uuid.uuid4()
    refused(Code.NOT_FOUND, machine.web().connect_key, stranger, uuid.UUID(announced.credential), sealed)
    rights = machine.web().connect_key(owner, uuid.UUID(announced.credential), sealed)
    assert (rights.trading, rights.withdrawing) == (True, False)
