"""Each address of the pages as its owner, a stranger, the operator and nobody in particular meet it."""

import gzip
import http.client
import json
import re
import uuid
from urllib.parse import urlencode, urlsplit

import pytest

from tests.support.processes import wait_until
from tests.vault.conftest import refused
from tests.vault.passkeys.holder import Holder, arrived
from vault.messages.refusals import Code
from vault.messages.words import Limits, StopLevel, WriteGrant
from vault.pages.application import PASSED_ON

pytestmark = pytest.mark.xdist_group("pages")

WITHOUT_A_VISIT = {"/v1/passkeys/begin-sign-in", "/v1/passkeys/sign-in", "/v1/passkeys/redeem", "/v1/passkeys/add"}
NOWHERE = str(uuid.uuid4())


class Owned:
    """An owner with a passkey, and one of each thing."""

    def __init__(self, vaulted):
        self.person = arrived(vaulted)
        self.owner = str(self.person.owner)
        account = vaulted.real_account(self.person.owner)
        self.credential, self.grant = str(account.credential), uuid.uuid4()
        limits = Limits(markets=("BTC/USDT",), sides=("buy",), types=("limit",), order_notional="1")
        named = {"grant": self.grant, "owner": account.owner, "credential": account.credential}
        vaulted.web().write_grant(WriteGrant(version=1, label="Grid", limits=limits, **named))
        self.scope = f"account:{self.credential}"
        vaulted.web().kill(self.person.owner, self.scope, StopLevel.OPENING)
        (self.passkey,) = self.look["passkeys"]

    @property
    def look(self):
        return self.person.ask("/v1/visits/look")

    def words(self):
        """For each address what its owner would ask there."""
        said = {
            "ceremony": NOWHERE,
            "passkey": "AA",
            "client_data": "AA",
            "authenticator_data": "AA",
            "signature": "AA",
        }
        key = {"owner": self.owner, "credential": self.credential}
        return {
            "/v1/keys/announce": {"owner": self.owner, "exchange": "paper", "label": "Key"},
            "/v1/keys/connect": {**key, "sealed": "AAAA"},
            "/v1/keys/remove": key,
            "/v1/keys/rename": {**key, "label": "Mine"},
            "/v1/keys/rotate": {**key, "sealed": "AAAA"},
            "/v1/grants/revoke": {"owner": self.owner, "grant": str(self.grant)},
            "/v1/kills/put": {"owner": self.owner, "scope": self.scope, "level": "everything"},
            "/v1/visits/look": {},
            "/v1/visits/leave": {},
            "/v1/passkeys/begin-sign-in": {},
            "/v1/passkeys/sign-in": {"assertion": said},
            "/v1/passkeys/redeem": {"code": "22222-22222-22222-22222"},
            "/v1/passkeys/add": {
                **{name: said[name] for name in ("ceremony", "client_data", "authenticator_data")},
                "owner": self.owner,
                "label": "Stick",
            },
            "/v1/passkeys/begin": {"act": "approve", "subject": f"{self.grant}@{'0' * 64}"},
            "/v1/passkeys/confirm": {"act": "approve", "assertion": said},
        }


@pytest.fixture(scope="module")
def owned(vaulted):
    return Owned(vaulted)


@pytest.fixture(scope="module")
def stranger(vaulted):
    return arrived(vaulted)


def test_every_address_is_looked_at_here(owned):
    assert set(owned.words()) == PASSED_ON


def test_the_owner_sees_what_is_there(owned):
    seen = owned.look
    assert [each["id"] for each in seen["credentials"]] == [owned.credential]
    assert [each["id"] for each in seen["grants"]] == [str(owned.grant)]
    assert [each["scope"] for each in seen["kills"]] == [owned.scope]


@pytest.mark.parametrize("path", sorted(PASSED_ON - WITHOUT_A_VISIT))
@pytest.mark.parametrize("visit", ["", "A" * 43, "not-a-visit"])
def test_nobody_in_particular_is_asked_to_come_in(vaulted, owned, path, visit):
    nobody = Holder(vaulted)
    nobody.visit = visit
    refused(Code.VISIT_OVER, lambda: nobody.ask(path, **owned.words()[path]))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/passkeys/sign-in", Code.CEREMONY_OVER),
        ("/v1/passkeys/redeem", Code.CODE_REFUSED),
        ("/v1/passkeys/add", Code.CEREMONY_OVER),
    ],
)
def test_nobody_in_particular_comes_in_by_guessing(vaulted, owned, path, code):
    refused(code, lambda: Holder(vaulted).ask(path, **owned.words()[path]))


def test_a_challenge_for_signing_in_says_nothing_of_anybody(vaulted):
    begun = Holder(vaulted).ask("/v1/passkeys/begin-sign-in")
    assert (begun["owner"], begun["passkeys"]) == ("", [])


@pytest.mark.parametrize(
    "path", sorted({path for path in PASSED_ON if path.startswith(("/v1/keys", "/v1/grants", "/v1/kills"))})
)
def test_a_stranger_does_nothing_in_the_owners_name(owned, stranger, path):
    refused(Code.NOT_FOUND, lambda: stranger.ask(path, **owned.words()[path]))


@pytest.mark.parametrize(
    "path",
    ["/v1/keys/connect", "/v1/keys/rotate", "/v1/keys/rename", "/v1/keys/remove", "/v1/grants/revoke", "/v1/kills/put"],
)
def test_a_stranger_does_nothing_with_the_owners_things(owned, stranger, path):
    refused(Code.NOT_FOUND, lambda: stranger.ask(path, **owned.words()[path] | {"owner": str(stranger.owner)}))


@pytest.mark.parametrize("act", ["approve", "lift", "remove-passkey"])
def test_a_stranger_signs_for_nothing_of_the_owners(owned, stranger, act):
    subject = {"approve": owned.grant, "lift": owned.scope, "remove-passkey": owned.passkey["id"]}[act]
    refused(Code.NOT_FOUND, stranger.begin, act, subject)


def test_a_stranger_sees_nothing_of_the_owners(owned, stranger):
    assert owned.owner not in json.dumps(stranger.ask("/v1/visits/look"))
    assert owned.credential not in json.dumps(stranger.ask("/v1/visits/look"))


def test_whoever_operates_the_web_has_no_more_here_than_anybody(vaulted, stranger):
    """The pages know owners only: everybody's switch is the web's and the host's."""
    vaulted.web().kill(None, "everything", StopLevel.OPENING)
    try:
        (kill,) = stranger.ask("/v1/visits/look")["kills"]
        assert kill["mine"] is False
        refused(Code.NOT_FOUND, stranger.begin, "lift", "everything")
        for owner in (None, str(stranger.owner)):
            word = {"owner": owner, "scope": "everything", "level": "opening"}
            refused(Code.NOT_FOUND, stranger.ask, "/v1/kills/put", **word)
    finally:
        vaulted.unkill("everything")


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/v1/kills/lift", {"scope": "everything", "reauthenticated_at": 1}),
        ("/v1/visits/ticket", {"owner": NOWHERE}),
        ("/v1/overview", {"owner": None}),
        ("/v1/leases/take", {"shard": "s", "proof_key": "A" * 43}),
    ],
)
def test_the_pages_own_key_does_nothing_of_the_webs_or_a_runners(owned, path, word):
    refused(Code.WRONG_KIND_OF_KEY, lambda: owned.person.ask(path, **word))


@pytest.mark.parametrize("path", ["/v1/visits/look", "/v1/passkeys/begin", "/v1/passkeys/redeem", "/v1/visits/enter"])
def test_the_webs_key_does_nothing_of_the_pages(vaulted, owned, path):
    """Not even with a visit that it got hold of."""
    word = {**owned.words(), "/v1/visits/enter": {"ticket": "A" * 43}}[path]
    body = json.dumps(word).encode()
    web = vaulted.web()
    refused(Code.WRONG_KIND_OF_KEY, web._post, path, body, dict, {"Visit": owned.person.visit})


def test_whoever_leaves_has_left_in_every_browser(vaulted):
    here, there = arrived(vaulted), None
    there = Holder(vaulted, here.owner)
    there.come_from_the_web()
    here.ask("/v1/visits/leave")
    refused(Code.VISIT_OVER, here.ask, "/v1/visits/look")
    refused(Code.VISIT_OVER, there.ask, "/v1/visits/look")


# --- The pages' own door ------------------------------------------------------------------------


class Browser:
    """Requests to the pages by hand."""

    def __init__(self, vaulted):
        self.vaulted = vaulted

    def ask(self, method, path, body=None, **headers):
        """(status, headers, content)."""
        address = urlsplit(self.vaulted.address)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()


@pytest.fixture
def anybody(vaulted):
    return Browser(vaulted)


@pytest.mark.parametrize("origin", ["the web", "null", None])
@pytest.mark.parametrize("path", sorted(PASSED_ON))
def test_nothing_is_passed_on_from_another_origin(vaulted, owned, anybody, path, origin):
    """Also with a visit that counts."""
    headers = {"Visit": owned.person.visit, "Content-Type": "application/json"}
    if origin is not None:
        headers["Origin"] = vaulted.web_origin if origin == "the web" else origin
    status, _, content = anybody.ask("POST", path, json.dumps(owned.words()[path]), **headers)
    assert (status, json.loads(content)["code"]) == (404, "not_found")


@pytest.mark.parametrize("origin", ["the pages", "null", None])
def test_nobody_is_let_in_by_a_form_of_another_origin(vaulted, anybody, origin):
    """Or somebody could be lured into a stranger's vault, and type their key there."""
    ticket = vaulted.web().open_ticket(uuid.uuid4()).ticket
    headers = {} if origin is None else {"Origin": vaulted.address if origin == "the pages" else origin}
    assert anybody.ask("POST", "/enter", urlencode({"ticket": ticket}), **headers)[0] == 404
    _, _, content = anybody.ask("POST", "/enter", urlencode({"ticket": ticket}), Origin=vaulted.web_origin)
    assert re.search(rb'data-visit="[A-Za-z0-9_-]{43}"', content), "it still counts, from where it belongs"


@pytest.mark.parametrize("path", ["/v1/overview", "/v1/orders/place", "/v1/health", "/nothing", "/../settings.py"])
def test_no_other_address_is_passed_on(vaulted, anybody, path):
    assert anybody.ask("POST", path, "{}", Origin=vaulted.address)[0] == 404
    assert anybody.ask("GET", path)[0] == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_no_other_method_does_anything(anybody, method):
    assert anybody.ask(method, "/v1/visits/look")[0] == 404


def test_a_body_without_end_is_cut_off(vaulted, anybody):
    status, _, content = anybody.ask("POST", "/v1/visits/look", b" " * 70_000, Origin=vaulted.address)
    assert (status, json.loads(content)["code"]) == (403, "too_large")


@pytest.mark.parametrize("path", ["/", "/main.js", "/nothing"])
def test_every_answer_forbids_what_the_page_does_not_need(anybody, path):
    _, headers, _ = anybody.ask("GET", path)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


def test_no_address_ever_has_a_visit_or_ticket_in_it(vaulted, anybody):
    """Addresses are kept by browsers, proxies and logs."""
    ticket = vaulted.web().open_ticket(uuid.uuid4()).ticket
    assert anybody.ask("GET", f"/enter?ticket={ticket}")[0] == 404
    _, _, content = anybody.ask("POST", f"/enter?ticket={ticket}", "", Origin=vaulted.web_origin)
    assert b'data-visit=""' in content


def test_a_ticket_that_does_not_count_is_told_on_a_page(vaulted, anybody):
    status, headers, content = anybody.ask("POST", "/enter", f"ticket={'A' * 43}", Origin=vaulted.web_origin)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"Your visit to the vault has ended. Come in again. Go to the vault from the web once more." in content
    assert b'data-visit=""' in content


def test_the_look_is_sent_packed_and_kept_and_the_scripts_are_not(anybody):
    """Half a megabyte once a day; a script that is older than its signer would be a trap."""
    _, css, packed = anybody.ask("GET", "/tabler.min.css", **{"Accept-Encoding": "gzip, br"})
    assert css["cache-control"] == "private, max-age=86400"
    assert len(packed) < 100_000
    assert gzip.decompress(packed) == anybody.ask("GET", "/tabler.min.css")[2]
    assert anybody.ask("GET", "/main.js")[1]["cache-control"] == "no-store"


def test_pages_without_a_signer_say_so(vaulted, anybody):
    vaulted.stop_signer()
    try:
        status, _, content = anybody.ask("POST", "/v1/visits/look", "{}", Origin=vaulted.address)
        assert (status, json.loads(content)["kind"]) == (503, "retry")
    finally:
        vaulted.start_signer()
    wait_until(
        lambda: anybody.ask("POST", "/v1/visits/look", "{}", Origin=vaulted.address)[0] == 401, what="the signer"
    )
