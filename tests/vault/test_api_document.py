"""docs/signer-api.md is complete: a client written from it alone works. Nothing of `vault` is imported for it."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import secrets
import socket
import struct
import time
import uuid
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.processes import wait_until

DOCUMENT = (Path(__file__).parents[2] / "docs/signer-api.md").read_text()


# --- A client from the document -----------------------------------------------------------------


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256(data):
    return hashlib.sha256(data).digest()


def written(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def public_half(key):
    return b64(key.public_key().public_bytes_raw())


def jwk(key):
    return {"crv": "Ed25519", "kty": "OKP", "x": public_half(key)}


def thumbprint(key):
    return b64(sha256(written(jwk(key))))


def signed(key, claims, **header):
    header = {"alg": "EdDSA", "typ": "botplatform-proof+jwt", **header}
    text = f"{b64(written(header))}.{b64(written(claims))}"
    return f"{text}.{b64(key.sign(text.encode()))}"


def key_proof(key, path, body, at, jti):
    return signed(key, {"v": 1, "htm": "POST", "htu": path, "bh": b64(sha256(body)), "iat": at, "jti": jti})


def token_proof(key, path, body, at, seq, token):
    claims = {"v": 1, "htm": "POST", "htu": path, "bh": b64(sha256(body)), "iat": at, "seq": seq}
    return signed(key, claims | {"ath": b64(sha256(token.encode()))}, jwk=jwk(key))


class Socket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("signer", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Client:
    """An enrolled key at the signer's door."""

    def __init__(self, path, key_file):
        self.path = path
        self.key = Ed25519PrivateKey.from_private_bytes(key_file.read_bytes())

    def send(self, path, body, headers):
        connection = Socket(self.path)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        return response.status, answer

    def ask(self, path, **fields):
        body = json.dumps({"v": 1, **fields}).encode()
        proof = key_proof(self.key, path, body, int(time.time()), secrets.token_urlsafe(16))
        return self.send(path, body, {"Authorization": f"Key {thumbprint(self.key)}", "Proof": proof})


class Runner(Client):
    """With a lease and a token."""

    def take(self, shard):
        self.proof_key = Ed25519PrivateKey.generate()
        status, lease = self.ask("/v1/leases/take", shard=shard, proof_key=public_half(self.proof_key))
        assert status == 200, lease
        self.lease = {"shard": shard, "fence": lease["fence"]}
        self.seq = 0

    def open(self, grant):
        self.grant = grant
        _, answer = self.ask("/v1/tokens", grant=grant, **self.lease)
        self.token = answer["token"]

    def act(self, path, **fields):
        self.seq += 1
        body = json.dumps({"v": 1, "grant": self.grant, **fields}).encode()
        proof = token_proof(self.proof_key, path, body, int(time.time()), self.seq, self.token)
        return self.send(path, body, {"Authorization": f"Token {self.token}", "Proof": proof})


def sealing_info(owner, credential):
    parts = [b"botplatform intake v1", owner.encode(), credential.encode()]
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)


def sealed(plain, public_key, info):
    """HPKE, base mode, by RFC 9180's own steps."""
    kem, suite = b"KEM\x00\x10", b"HPKE\x00\x10\x00\x01\x00\x02"

    def extract(of, salt, label, material):
        return hmac.new(salt, b"HPKE-v1" + of + label + material, hashlib.sha256).digest()

    def expand(of, secret, label, about, length):
        labelled = struct.pack(">H", length) + b"HPKE-v1" + of + label + about
        return HKDFExpand(hashes.SHA256(), length, labelled).derive(secret)

    receiver = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    encapsulated = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    agreed = extract(kem, b"", b"eae_prk", ephemeral.exchange(ec.ECDH(), receiver))
    shared = expand(kem, agreed, b"shared_secret", encapsulated + public_key, 32)
    context = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, shared, b"secret", b"")
    key, nonce = expand(suite, secret, b"key", context, 32), expand(suite, secret, b"base_nonce", context, 12)
    return b64(encapsulated + AESGCM(key).encrypt(nonce, plain, b""))


# --- It works -----------------------------------------------------------------------------------


def test_a_client_from_the_document_alone_connects_a_key_and_trades(machine):
    owner, grant, deal = (str(uuid.uuid4()) for _ in range(3))
    account = machine.paper.open_account(["trade"])
    door = machine.run_folder / "signer.sock"
    web = Client(door, machine.folder / "platform/web.key")
    runner = Runner(door, machine.folder / "platform/runner.key")

    _, announced = web.ask("/v1/keys/announce", owner=owner, exchange="paper", label="Mine")
    credential = announced["credential"]
    plain = json.dumps({"v": 1, "key": account["key"], "secret": account["secret"]}).encode()
    form = sealed(plain, unb64(announced["public_key"]), sealing_info(owner, credential))
    status, rights = web.ask("/v1/keys/connect", owner=owner, credential=credential, sealed=form)
    assert (status, rights["trading"], rights["withdrawing"]) == (200, True, False)
    limits = {"markets": ["BTC/USDT"], "sides": ["buy"], "types": ["limit", "ioc"], "order_notional": "1000"}
    named = {"grant": grant, "owner": owner}
    status, _ = web.ask("/v1/grants/write", **named, credential=credential, version=1, label="Bot", limits=limits)
    assert status == 200

    runner.take("s-" + uuid.uuid4().hex[:8])
    runner.open(grant)
    status, balances = runner.act("/v1/balances")
    assert (status, balances["free"]["USDT"]) == (200, "10000")
    resting = {"deal": deal, "name": "base", "generation": 1}
    terms = {"market": "BTC/USDT", "side": "buy", "type": "limit", "amount": "0.0010", "price": "50000.0"}
    status, order = runner.act("/v1/orders/place", **resting, **terms)
    assert (status, order["state"], order["amount"], order["price"]) == (200, "accepted", "0.001", "50000")
    (known,) = machine.paper.orders(account["account"])
    assert re.fullmatch(r"[a-z0-9]{32}", order["client_order_id"])
    assert known["clientOrderId"] == order["client_order_id"]
    assert runner.act("/v1/orders/cancel", **resting)[1]["state"] == "cancelled"

    runner.act("/v1/orders/place", deal=deal, name="now", generation=1, **terms | {"price": "70000", "type": "ioc"})
    wait_until(lambda: runner.act("/v1/orders/look-up", deal=deal, name="now", generation=1)[1]["state"] == "filled")
    events, since = [], 0
    while True:
        _, page = runner.ask("/v1/events", **runner.lease, since=since, limit=2)
        events += page["events"]
        since = events[-1]["seq"]
        if not page["more"]:
            break
    assert [event["order"]["state"] for event in events] == ["accepted", "cancelled", *["accepted"] * 2, "filled"]
    assert sum(float(event["trade"]["amount"]) for event in events if event["trade"]) == 0.001

    status, answer = runner.act("/v1/orders/place", deal=deal, name="big", generation=1, **terms | {"amount": "1"})
    assert (status, answer["kind"], answer["code"]) == (403, "refused", "over_notional")
    assert runner.ask("/v1/leases/renew", **runner.lease)[1]["fence"] == runner.lease["fence"]
    assert runner.ask("/v1/leases/release", **runner.lease)[1]["seconds"] == 0
    assert web.ask("/v1/grants/revoke", **named)[0] == 200
    assert web.ask("/v1/keys/remove", owner=owner, credential=credential) == (200, {})
    assert web.ask("/v1/overview", owner=owner, limit=10)[1]["credentials"][0]["state"] == "removed"


# --- The worked example -------------------------------------------------------------------------

ENROLLED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LEASES = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
AT = 1767225600


def block(name):
    """The example's code block that begins so."""
    return next(each for each in re.findall(r"```\n(.*?)```", DOCUMENT, re.DOTALL) if each.startswith(name))


def test_the_examples_keys_are_as_written():
    for text in (public_half(ENROLLED), thumbprint(ENROLLED), public_half(LEASES), thumbprint(LEASES)):
        assert text in block("public key")


def test_the_examples_proofs_are_as_written():
    lease, balances = block("POST /v1/leases/take"), block("POST /v1/balances")
    body = lease.split("\n\n")[1].encode()
    assert f"Proof: {key_proof(ENROLLED, '/v1/leases/take', body, AT, 'AAECAwQFBgcICQoLDA0ODw')}\n" in lease
    body = balances.split("\n\n")[1].encode()
    assert f"Proof: {token_proof(LEASES, '/v1/balances', body, AT, 1, 'e30.e30.e30')}\n" in balances


def test_the_signer_takes_the_examples_proofs():
    from vault.tokens import proofs

    for name, check in (
        (
            "POST /v1/leases/take",
            lambda *request: proofs.check_key_proof(request[0], public_half(ENROLLED), *request[1:], at=AT),
        ),
        (
            "POST /v1/balances",
            lambda *request: proofs.check_token_proof(
                request[0], "e30.e30.e30", thumbprint(LEASES), *request[1:], at=AT
            ),
        ),
    ):
        example = block(name)
        body = example.split("\n\n")[1].encode()
        assert check(example.strip().rpartition("Proof: ")[2], name.removeprefix("POST "), body)


def test_the_examples_info_is_as_written():
    owner, credential = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
    assert sealing_info(owner, credential).hex() in DOCUMENT


# --- Nothing is left out ------------------------------------------------------------------------


def rows_of(section):
    """The table rows of a section, by their first cell."""
    text = DOCUMENT.split(f"\n{section}\n")[1].split("\n## ")[0]
    return {cells[1].strip(): cells for cells in (line.split("|") for line in text.splitlines()) if len(cells) > 2}


def codes():
    from vault.messages.refusals import Code

    return list(Code)


@pytest.mark.parametrize("code", codes(), ids=str)
def test_each_code_is_in_the_table_with_its_sentence_and_status(code):
    from vault.messages.refusals import SENTENCES
    from vault.server.application import _FORBIDDEN, _STATUS

    row = rows_of("## Errors")[f"`{code}`"]
    kind, status = row[2].split()
    assert row[3].strip() == SENTENCES[code]
    assert int(status) == (503 if kind == "retry" else _STATUS.get(code, _FORBIDDEN))
    assert row[4].strip() not in ("", "-")


def test_no_code_is_in_the_table_that_does_not_exist():
    named = {name.strip("`") for name in rows_of("## Errors") if re.fullmatch(r"`[a-z_]+`", name)}
    assert named - {"refused", "retry", "unknown"} == {str(code) for code in codes()}


def test_each_address_is_there_with_every_field_of_its_word():
    from vault.server.application import TABLE

    for path, row in TABLE.items():
        (line,) = [line for line in DOCUMENT.splitlines() if line.startswith(f"| `{path}` |")]
        named = set(re.findall(r"`([a-z_]+)`", line.split("|")[2]))
        fields = {field.name for field in msgspec.structs.fields(row.word)} - {"v"}
        assert fields <= named, (path, fields - named)


def test_each_field_of_each_answer_is_there():
    from vault.messages import answers, passkeys

    for form in (
        *(
            passkeys.TicketAnswer,
            passkeys.VisitAnswer,
            passkeys.CeremonyAnswer,
            passkeys.DoneAnswer,
            passkeys.LookAnswer,
        ),
        passkeys.Assertion,
        *(answers.OrderAnswer, answers.TradeWord, answers.Event, answers.Events, answers.LeaseAnswer),
        *(answers.TokenAnswer, answers.SealingAnswer, answers.RightsAnswer, answers.BalancesAnswer),
        *(answers.GrantAnswer, answers.OverviewAnswer, answers.KillAnswer, answers.HealthAnswer, answers.ErrorAnswer),
    ):
        for field in msgspec.structs.fields(form):
            assert f"`{field.name}`" in DOCUMENT, (form.__name__, field.name)


def test_each_act_of_a_passkey_is_there():
    from vault.messages.passkeys import Act

    for act in Act:
        assert f"`{act}`" in DOCUMENT.split("\n### Passkeys\n")[1].split("\n### ")[0]


def test_each_state_is_there_and_says_whether_it_frees_the_next():
    from vault.messages.answers import State

    rows = rows_of("## Orders")
    for state in State:
        assert rows[f"`{state}`"][3].strip().startswith("allowed" if state.over else "refused")


def test_the_numbers_are_as_written():
    from vault.messages import proofs
    from vault.messages.bodies import LARGEST
    from vault.tokens.leases import WINDOW

    assert f"at most {LARGEST:,}" in DOCUMENT
    assert f"at most {proofs.WINDOW} s from the signer's clock" in DOCUMENT
    assert f"within the last {WINDOW} numbers" in DOCUMENT
