"""The pages' scripts in a real browser, on a server of files alone."""

import functools
import http.server
import signal
import socket
import threading
import uuid
from pathlib import Path

import pytest

from tests.support.browser import Visitor, browser, chromium_or_skip
from tests.support.machine import Account, Machine
from tests.support.processes import run, start, stop, wait_until
from vault.client import PagesClient, seal

STATIC = Path(__file__).parents[3] / "vault/pages/static/pages"
LONGEST = 90  # seconds that a test may take, its first one with the start of everything


class _Files(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Scripts</title>")
            return
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def _never_hangs():
    """Scripts in a page are awaited without limit: a promise that nobody keeps would hold the whole run."""

    def over(*_):
        raise AssertionError(f"not over within {LONGEST} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(LONGEST)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def chromium():
    chromium_or_skip()
    with browser() as launched:
        yield launched


@pytest.fixture(scope="session")
def scripts():
    """The address of the pages' scripts: localhost, so WebCrypto is there."""
    handler = functools.partial(_Files, directory=STATIC)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(chromium, scripts):
    """An empty page beside the scripts."""
    context = chromium.new_context()
    opened = context.new_page()
    opened.goto(scripts + "/")
    yield opened
    context.close()


class Vaulted(Machine):
    """A machine with pages, and with accounts that are real as far as the signer knows: Binance is our paper exchange."""

    def __init__(self, web):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        super().__init__(pages_port=port, web_origin=web)
        self.web_origin = web
        self.address = f"http://localhost:{port}"
        self.pages_process = None

    def start_signer(self):
        self.env["VAULT_BINANCE_URL"] = self.paper_url
        super().start_signer()
        if self.pages_process is None:
            run("-m", "vault", "enroll-pages", "--key-file", self.folder / "platform/pages.key", env=self.env)
            self.pages_process = start("-m", "vault", "pages", env=self.env, log=self.folder / "pages.log")
            wait_until(self._pages_answer, what="the pages")

    def __exit__(self, *_):
        stop(self.pages_process)
        super().__exit__(*_)

    def _pages_answer(self):
        assert self.pages_process.poll() is None, (self.folder / "pages.log").read_text()
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", int(self.address.rpartition(":")[2]))) == 0

    def pages(self):
        return self._client(PagesClient, "pages.key")

    def real_account(self, owner):
        """An account on what the signer takes for a real exchange."""
        opened = self.paper.open_account(("trade",))
        announced = self.web().announce_key(owner, "binance", "Savings")
        sealed = seal(opened["key"], opened["secret"], owner=owner, answer=announced)
        self.web().connect_key(owner, uuid.UUID(announced.credential), sealed)
        return Account(id=opened["account"], owner=owner, credential=uuid.UUID(announced.credential))

    def passkey_code(self, owner):
        return run("-m", "vault", "passkey-code", owner, env=self.env).strip()


@pytest.fixture(scope="session")
def vaulted(scripts):
    with Vaulted(scripts) as running:
        yield running


class Person(Visitor):
    """Somebody at the pages, with an authenticator that asks who is there."""

    def __init__(self, browser, machine, owner=None):
        super().__init__(browser, machine.address)
        self.machine = machine
        self.owner = owner or uuid.uuid4()
        self.page.set_default_timeout(10000)
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.devtools = self.context.new_cdp_session(self.page)
        self.devtools.send("WebAuthn.enable")
        self.authenticator = self._device("internal")

    def takes_another_device(self):
        """The one so far is out of reach; a security key is plugged in."""
        self.devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.authenticator})
        self.authenticator = self._device("usb")

    def _device(self, transport):
        options = {
            "protocol": "ctap2",
            "transport": transport,
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        return self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def come_from_the_web(self):
        """As the web does it: a form with a ticket, posted from the web's own origin."""
        ticket = self.machine.web().open_ticket(self.owner).ticket
        self.page.goto(self.machine.web_origin + "/")
        self.page.evaluate(
            """([address, ticket]) => {
                const form = Object.assign(document.createElement("form"), { method: "post", action: address + "/enter" });
                form.append(Object.assign(document.createElement("input"), { name: "ticket", value: ticket }));
                document.body.append(form);
                form.submit();
            }""",
            [self.address, ticket],
        )
        self.page.wait_for_selector("#connect")

    def add_first_passkey(self):
        self.open("/")
        self.page.fill("#first [name=code]", self.machine.passkey_code(self.owner))
        self.page.fill("#first [name=label]", "Laptop")
        self.page.click("#first button")
        self.says("The passkey is added. Sign in with it.")

    def sign_in(self):
        self.open("/")
        self.press("Sign in with a passkey")
        self.page.wait_for_selector("#connect")

    def press(self, name):
        """The one button of exactly this name: prose on the page may say the same words."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def says(self, sentence):
        self.page.wait_for_function("text => document.querySelector('#done').textContent === text", arg=sentence)

    def is_refused(self, sentence):
        self.page.wait_for_function(
            "text => document.querySelector('#trouble').textContent.startsWith(text)", arg=sentence
        )


@pytest.fixture
def person(chromium, vaulted):
    made = Person(chromium, vaulted)
    yield made
    made.context.close()
