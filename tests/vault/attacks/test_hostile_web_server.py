"""A web server in somebody else's hands: it holds the web's key, and all that a person tells the web.

It may stop bots and narrow grants, like any web. On a real account it allows nothing: that takes the owner's passkey,
shown what it signs by pages of another origin. It can send people there, and it can ask there as anybody can.
"""

import time
import uuid

import pytest

from tests.vault.conftest import refused
from tests.vault.passkeys.holder import Holder, arrived, shown
from vault.client import seal
from vault.messages.canonical import b64, unb64
from vault.messages.refusals import Code
from vault.messages.words import Limits, StopLevel, WriteGrant

pytestmark = pytest.mark.xdist_group("pages")


class Written:
    """A grant on a real account, as the web writes it."""

    def __init__(self, vaulted, owner, notional="100"):
        self.vaulted, self.id = vaulted, uuid.uuid4()
        self.account = vaulted.real_account(owner)
        self.version = 0
        self.write(notional)

    def write(self, notional, **more):
        """The next version."""
        self.version += 1
        limits = Limits(markets=("BTC/USDT",), sides=("buy",), types=("limit",), order_notional=notional, loss="50")
        text = {"grant": self.id, "owner": self.account.owner, "credential": self.account.credential, "label": "Grid"}
        self.vaulted.web().write_grant(WriteGrant(version=self.version, limits=limits, **text, **more))

    @property
    def shown(self):
        """What the pages show of it, as the subject of an approval."""
        return shown(self.vaulted, self.account.owner, self.id)

    def token(self):
        """What a runner gets to act under it. Raises Refused."""
        lease = self.vaulted.runner().take_lease(f"s-{uuid.uuid4().hex[:8]}")
        try:
            lease.open_grant(self.id)
        finally:
            lease.release()


@pytest.fixture(scope="module")
def owner(vaulted):
    return arrived(vaulted)


@pytest.fixture
def grant(vaulted, owner):
    return Written(vaulted, owner.owner)


@pytest.fixture
def approved(owner, grant):
    owner.act("approve", grant.shown)
    grant.token()
    return grant


def test_a_wider_grant_than_was_approved_counts_for_nothing(approved):
    approved.write("1000000")
    refused(Code.GRANT_NOT_APPROVED, approved.token)


def test_saying_that_the_owner_was_there_widens_nothing(approved):
    approved.write("1000000", reauthenticated_at=int(time.time()))
    refused(Code.GRANT_NOT_APPROVED, approved.token)


def test_an_approval_counts_once(owner, grant):
    said = owner.signed(owner.begin("approve", grant.shown))
    owner.confirm("approve", said)
    grant.write("1000000")
    refused(Code.CEREMONY_OVER, owner.confirm, "approve", said)
    refused(Code.GRANT_NOT_APPROVED, grant.token)


def test_an_old_answer_does_not_fit_a_new_challenge(owner, grant):
    said = owner.signed(owner.begin("approve", grant.shown))
    owner.confirm("approve", said)
    grant.write("1000000")
    again = said | {"ceremony": owner.begin("approve", grant.shown)["ceremony"]}
    assert refused(Code.PASSKEY_REFUSED, owner.confirm, "approve", again).detail == "It answers another challenge."
    refused(Code.GRANT_NOT_APPROVED, grant.token)


def flipped(text, at):
    changed = bytearray(unb64(text))
    changed[at] ^= 1
    return b64(bytes(changed))


@pytest.mark.parametrize(
    ("part", "at", "why"),
    [
        ("signature", 20, "The signature is not the passkey's."),
        ("authenticator_data", 36, "The signature is not the passkey's."),  # its counter
        ("authenticator_data", 0, "It belongs to another site."),
        ("client_data", -2, "The signature is not the passkey's."),
    ],
)
def test_an_answer_that_was_altered_is_refused(owner, grant, part, at, why):
    said = owner.signed(owner.begin("approve", grant.shown))
    changed = said | {part: b64(unb64(said[part]) + b" ") if part == "client_data" else flipped(said[part], at)}
    assert refused(Code.PASSKEY_REFUSED, owner.confirm, "approve", changed).detail == why
    refused(Code.CEREMONY_OVER, owner.confirm, "approve", said)
    refused(Code.GRANT_NOT_APPROVED, grant.token)


def test_what_was_signed_for_one_thing_does_nothing_else(owner, grant):
    """A signature for adding a passkey, or for another grant, is no approval."""
    other = owner.begin("add-passkey")
    refused(Code.CEREMONY_OVER, owner.confirm, "approve", owner.signed(other))
    lesser = Written(owner.vaulted, owner.owner, notional="1")
    signed_for_it = owner.signed(owner.begin("approve", lesser.shown))
    swapped = signed_for_it | {"ceremony": owner.begin("approve", grant.shown)["ceremony"]}
    assert refused(Code.PASSKEY_REFUSED, owner.confirm, "approve", swapped).detail == "It answers another challenge."
    refused(Code.GRANT_NOT_APPROVED, grant.token)


def test_an_older_approval_says_nothing_after_a_narrowing(owner, approved):
    """100 was approved, 50 followed by itself; 100 again is a new question."""
    approved.write("50")
    approved.token()
    approved.write("100")
    refused(Code.GRANT_NOT_APPROVED, approved.token)


def test_an_approval_under_way_ends_when_the_grant_is_written_anew(owner, grant):
    said = owner.signed(owner.begin("approve", grant.shown))
    grant.write("50")
    why = refused(Code.CEREMONY_OVER, owner.confirm, "approve", said)
    assert why.detail == "It has changed since it was shown. Read it again."
    refused(Code.GRANT_NOT_APPROVED, grant.token)


def test_a_grant_that_is_widened_while_its_owner_reads_it_is_not_what_is_approved(owner, grant):
    """The page shows 100; the web writes a million before the button is pressed."""
    read = grant.shown
    grant.write("1000000")
    why = refused(Code.CEREMONY_OVER, owner.begin, "approve", read)
    assert why.detail == "It has changed since it was shown. Read it again."
    refused(Code.CEREMONY_OVER, owner.begin, "approve", grant.id)


def test_a_page_of_the_webs_own_cannot_ask_for_the_signature(owner, grant):
    """The web's origin differs by its port alone, and browsers let it name the same relying party."""
    said = owner.signed(owner.begin("approve", grant.shown), origin=owner.vaulted.web_origin)
    assert refused(Code.PASSKEY_REFUSED, owner.confirm, "approve", said).detail == "It was made on another page."


def test_a_passkey_of_the_webs_own_is_not_let_in(vaulted, owner):
    """It can come in as the owner, by a ticket; a first or a further passkey takes more than that."""
    web = Holder(vaulted, owner.owner)
    web.come_from_the_web()
    begun = web.begin("add-passkey")
    assert refused(Code.PASSKEY_REFUSED, web.confirm, "add-passkey", web.signed(begun)).detail == (
        "This passkey is not known here."
    )
    refused(Code.CEREMONY_OVER, web.make, begun)
    refused(Code.MALFORMED, web.begin, "make-passkey")
    refused(Code.CODE_REFUSED, lambda: web.ask("/v1/passkeys/redeem", code="22222-22222-22222-22222"))
    assert len(web.ask("/v1/visits/look")["passkeys"]) == 1


def test_another_owners_passkey_approves_nothing(vaulted, owner, grant):
    """Its operator is a user too, with a passkey of his own."""
    operator = arrived(vaulted)
    begun = owner.begin("approve", grant.shown)
    said = operator.signed(begun)
    assert refused(Code.PASSKEY_REFUSED, owner.confirm, "approve", said).detail == "This passkey is not known here."
    refused(Code.NOT_FOUND, operator.begin, "approve", grant.shown)
    refused(Code.GRANT_NOT_APPROVED, grant.token)


def test_a_new_owner_has_nothing_to_approve_with(vaulted):
    """Nor does a visit by the web's ticket make up for it."""
    web = Holder(vaulted)
    written = Written(vaulted, web.owner)
    web.come_from_the_web()
    refused(Code.PASSKEY_NEEDED, web.begin, "approve", written.shown)
    refused(Code.GRANT_NOT_APPROVED, written.token)


def test_a_label_does_not_make_a_real_account_paper(vaulted, owner):
    """Which host it is was bound to the key when it was connected; the web has no word for it."""
    account = vaulted.real_account(owner.owner, label="paper")
    limits = Limits(markets=("BTC/USDT",), sides=("buy",), types=("limit",), order_notional="1")
    grant = uuid.uuid4()
    named = {"grant": grant, "owner": owner.owner, "credential": account.credential, "label": "paper"}
    vaulted.web().write_grant(WriteGrant(version=1, limits=limits, reauthenticated_at=int(time.time()), **named))
    (row,) = [each for each in owner.ask("/v1/visits/look")["grants"] if each["id"] == str(grant)]
    assert (row["paper"], row["waits"]) == (False, True)
    refused(Code.GRANT_NOT_APPROVED, vaulted.runner().take_lease("paper-label").open_grant, grant)


def test_a_form_that_was_sealed_for_a_real_account_is_no_paper_accounts(vaulted, owner):
    """The owner types a real key; the web announces it as paper's, and hands the form on under that id."""
    opened = vaulted.paper.open_account(("trade",))
    real = vaulted.web().announce_key(owner.owner, "binance", "Savings")
    paper = vaulted.web().announce_key(owner.owner, "paper", "Savings")
    form = seal(opened["key"], opened["secret"], owner=owner.owner, answer=real)
    refused(Code.SEALED_FORM_INVALID, vaulted.web().connect_key, owner.owner, uuid.UUID(paper.credential), form)


def test_lifting_a_kill_by_its_word_alone_is_refused(vaulted, owner, approved):
    scope = f"bot:{approved.id}"
    vaulted.web().kill(owner.owner, scope, StopLevel.EVERYTHING)
    refused(Code.PASSKEY_NEEDED, vaulted.web().lift_kill, owner.owner, scope, int(time.time()))
    refused(Code.PASSKEY_NEEDED, vaulted.web().lift_kill, None, scope, int(time.time()))
    owner.act("lift", scope)
    assert vaulted.web().overview(owner.owner, 10).kills == []


def test_a_ticket_lets_one_browser_in(vaulted, owner):
    ticket = vaulted.web().open_ticket(owner.owner).ticket
    owner.ask("/v1/visits/enter", ticket=ticket)
    refused(Code.VISIT_OVER, owner.ask, "/v1/visits/enter", ticket=ticket)
