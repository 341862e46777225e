"""The pages' scripts in a real browser, on a server of files alone."""

import os
import signal
import uuid
from pathlib import Path

import pytest

from tests.support.browser import Visitor, browser, chromium_or_skip

SCREENS = Path(__file__).resolve().parents[3] / "docs" / "screens"
LONGEST = 90  # seconds that a test may take, its first one with the start of everything


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


@pytest.fixture(scope="module")
def chromium():
    """For one module: Playwright's loop stands in this thread, where no other loop can run meanwhile."""
    chromium_or_skip()
    with browser() as launched:
        yield launched


@pytest.fixture
def page(chromium, scripts):
    """An empty page beside the scripts."""
    context = chromium.new_context(reduced_motion="reduce")  # no press is lost to smooth scrolling
    opened = context.new_page()
    opened.goto(scripts + "/")
    yield opened
    context.close()


class Person(Visitor):
    """Somebody at the pages, with an authenticator that asks who is there."""

    def __init__(self, browser, machine, owner=None, **look):
        super().__init__(browser, machine.address, **look)
        self.machine = machine
        self.owner = owner or uuid.uuid4()
        self.page.set_default_timeout(30000)
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
        self.enrol(self.machine.passkey_code(self.owner))
        self.says("The passkey is added. Sign in with it.")

    def enrol(self, code):
        self.open("/")
        self.page.fill("#first [name=code]", code)
        self.page.fill("#first [name=label]", "Laptop")
        self.page.click("#first button")

    def sign_in(self):
        self.open("/")
        self.press("Sign in with a passkey")
        self.page.wait_for_selector("#connect")

    def press(self, name):
        """The one button of exactly this name: prose on the page may say the same words."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def keep(self, name=""):
        """The page fits its window and nothing of it was complained of; its picture, if those are wanted."""
        assert self.page.evaluate("document.documentElement.scrollWidth") == self.page.viewport_size["width"]
        assert self.complaints == []
        if name and os.environ.get("UPDATE_SCREENS") == "1":
            self.page.evaluate("document.activeElement.blur()")
            self.page.screenshot(path=SCREENS / f"{name}.png", full_page=True)

    def unfold(self, label, within="body"):
        """Open what opens in place, and answer it."""
        details = self.page.locator(f"{within} details", has=self.page.get_by_text(label, exact=True))
        details.locator("summary").click()
        return details

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
