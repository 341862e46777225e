"""An owner at the vault's pages without a browser: what a browser would send, and what a liar would."""

import uuid

import msgspec

from tests.vault.passkeys.authenticator import Authenticator
from vault.messages.canonical import b64


class Holder:
    """Somebody with an authenticator of their own. Nothing is enrolled yet, and nobody has come in."""

    def __init__(self, vaulted, owner=None):
        self.vaulted = vaulted
        self.owner = owner or uuid.uuid4()
        self.authenticator = Authenticator()
        self.visit = ""

    def ask(self, path, **word):
        """The signer's answer, by way of the pages' key."""
        return self.vaulted.pages().relay(path, msgspec.json.encode(word), self.visit)

    def come_from_the_web(self):
        ticket = self.vaulted.web().open_ticket(self.owner).ticket
        self.visit = self.ask("/v1/visits/enter", ticket=ticket)["visit"]

    def add_first_passkey(self):
        self.make(self.ask("/v1/passkeys/redeem", code=self.vaulted.passkey_code(self.owner)))

    def make(self, begun, **lies):
        """Have a new passkey kept."""
        said, data = self.authenticator.make(begun["challenge"], self.vaulted.address, begun["rp_id"], **lies)
        word = {"ceremony": begun["ceremony"], "owner": str(self.owner), "label": "Stick"}
        return self.ask("/v1/passkeys/add", client_data=b64(said), authenticator_data=b64(data), **word)

    def sign_in(self):
        begun = self.ask("/v1/passkeys/begin-sign-in")
        self.visit = self.ask("/v1/passkeys/sign-in", assertion=self.signed(begun))["visit"]

    def begin(self, act, subject=""):
        return self.ask("/v1/passkeys/begin", act=act, subject=str(subject))

    def signed(self, begun, origin=None, **lies):
        """What the authenticator answers to a challenge."""
        self.authenticator.count += 1
        answer = self.authenticator.use(begun["challenge"], origin or self.vaulted.address, begun["rp_id"], **lies)
        said, data, signature = map(b64, answer)
        named = {"ceremony": begun["ceremony"], "passkey": b64(self.authenticator.id)}
        return {**named, "client_data": said, "authenticator_data": data, "signature": signature}

    def confirm(self, act, assertion):
        return self.ask("/v1/passkeys/confirm", act=act, assertion=assertion)

    def act(self, act, subject=""):
        """Do something with the passkey, honestly."""
        return self.confirm(act, self.signed(self.begin(act, subject)))


def arrived(vaulted, owner=None):
    """Somebody with a passkey, who has come in by it."""
    made = Holder(vaulted, owner)
    made.add_first_passkey()
    made.sign_in()
    return made


def shown(vaulted, owner, grant):
    """What a page shows of an owner's grant, as the subject of an approval."""
    reader = Holder(vaulted, owner)
    reader.come_from_the_web()
    (row,) = [each for each in reader.ask("/v1/visits/look")["grants"] if each["id"] == str(grant)]
    return f"{row['id']}@{row['digest']}"
