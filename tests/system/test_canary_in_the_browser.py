"""A secret that a person types at the vault's pages is nowhere afterwards: not in the web, not in the pages, not on disk.

The whole way, in a real browser: signing in at the web, on to the vault, typing the key, and a bot's form that has it.
"""

from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.browser import Visitor, browser, chromium_or_skip
from tests.support.machine import Machine
from tests.support.ports import listens
from tests.support.processes import run, start, stop, wait_until
from tests.support.scan import scan

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("canary")]

PASSWORD = "correct-horse-battery"


class Doors(Machine):
    """A vault with its pages, and the web in front of it."""

    web_process = pages_process = None

    def _start(self):
        super()._start()
        self.env["DJANGO_SETTINGS_MODULE"] = "botplatform.settings"
        run("manage.py", "migrate", "-v0", env=self.env)
        run("manage.py", "collectstatic", "--noinput", env=self.env)
        make = f"from botplatform.accounts.models import User; User.objects.create_user('olga', password={PASSWORD!r})"
        run("manage.py", "shell", "-v0", "-c", make, env=self.env)
        run("-m", "vault", "enroll-pages", "--key-file", self.folder / "pages/pages.key", env=self.env)
        ports = self.layout["ports"]
        self.web_process = start(
            *("-m", "uvicorn", "botplatform.asgi:application", "--host", "127.0.0.1", "--port", ports["web"]),
            env=self.env,
            log=self.folder / "web.log",
        )
        self.pages_process = start("-m", "vault", "pages", env=self.env, log=self.folder / "pages.log")
        self.address = f"http://localhost:{ports['web']}"
        self.pages_address = f"http://localhost:{ports['pages']}"

    def __exit__(self, *details):
        for process in (self.pages_process, self.web_process):
            stop(process)
        super().__exit__(*details)

    def both_answer(self):
        for process, name in ((self.web_process, "web"), (self.pages_process, "pages")):
            assert process.poll() is None, (self.folder / f"{name}.log").read_text()
        ports = self.layout["ports"]
        return all(listens(ports[name]) for name in ("web", "pages"))

    def ours(self):
        """Every process of this installation, by id with its command line.

        But for the exchange, which has its customers' secrets, and OpenBao itself, which is where they are kept.
        """
        mark = f"BOTPLATFORM_VAR={self.folder}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        kept = ("botplatform.paper", "/bao server")
        return {pid: line for pid, line in found.items() if not any(name in line for name in kept)}


@pytest.fixture(scope="module")
def doors():
    chromium_or_skip()
    with Doors() as running:
        yield running


class Typed:
    """What somebody typed in, having come from the web."""

    def __init__(self, doors, launched):
        opened = doors.paper.open_account(("trade",))
        self.key, self.secret = opened["key"], opened["secret"]
        person = Visitor(launched, doors.address)
        self.page = person.page
        self.page.set_default_timeout(40000)
        wait_until(doors.both_answer, what="the web and the pages")
        person.open("/sign-in")
        self.page.fill("[name=login]", "olga")
        self.page.fill("[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.get_by_role("link", name="Vault").click()
        self.page.get_by_role("button", name="Keys, approvals, passkeys").click()
        self.page.wait_for_url(doors.pages_address + "/")
        for name, text in (("label", "Typed in"), ("key", self.key), ("secret", self.secret)):
            self.page.fill(f"#connect [name={name}]", text)
        self.page.get_by_role("button", name="Connect", exact=True).click()
        self.page.get_by_text("Typed in is connected.").wait_for()
        self.complaints = person.complaints


@pytest.fixture(scope="module")
def typed(doors):
    with browser() as launched:
        yield Typed(doors, launched)


def test_the_secret_is_in_no_process_but_the_exchanges_and_the_key_store(doors, typed):
    ours = doors.ours()
    lines = " ".join(ours.values())
    assert all(name in lines for name in ("uvicorn", "vault pages", "vault serve"))
    for pid in ours:
        with suppress(FileNotFoundError):  # one that lived for a moment only
            assert scan(typed.secret, pids=[pid]) == []


def test_the_secret_is_in_no_file_but_the_exchanges(doors, typed):
    """Databases, logs, the key store's data: sealed there, or not at all."""
    folders = [each for each in doors.folder.iterdir() if each.name != "paper"]
    assert {"vault", "platform", "pages", "openbao", "web.log", "pages.log"} <= {each.name for each in folders}
    assert scan(typed.secret, folders=folders) == []


def test_web_and_pages_have_not_even_seen_the_key(doors, typed):
    seen = [doors.web_process.pid, doors.pages_process.pid]
    assert scan(typed.key, pids=seen) == []
    # That it would have been found: what the pages did see is there.
    assert scan("/v1/keys/connect", pids=[doors.pages_process.pid])


def test_the_scan_finds_what_is_there(doors, typed):
    where = {
        each.where for each in scan(typed.secret, pids=[doors.paper_process.pid], folders=[doors.folder / "paper"])
    }
    assert f"memory of {doors.paper_process.pid}" in where
    assert any(each.startswith(str(doors.folder / "paper")) for each in where)


def test_a_bot_can_be_made_with_it_at_once(doors, typed):
    """And nothing on the way was against anybody's content policy."""
    typed.page.goto(doors.address + "/bots/new")
    typed.page.get_by_role("link", name="DCA bot").click()
    assert "Typed in" in typed.page.inner_text("select[name=account]")
    assert typed.complaints == []
