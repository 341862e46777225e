"""The web as it is really served, and a real browser in front of it."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from tests.support.cookies import sign_cookies
from tests.support.ports import free_port, listens
from tests.support.processes import run, start, stop, wait_until

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Web:
    """The web as `make run` starts it, in a process of its own, on this test run's database."""

    def __init__(self, database):
        # Its own folder: a socket's path is short, and the feed is away unless a test plays it.
        self.folder = Path(tempfile.mkdtemp(prefix="bp-"))
        (self.folder / "platform").mkdir()
        (self.folder / "run").mkdir()
        (self.folder / "platform/django.key").write_text(settings.SECRET_KEY)
        self.ticks_socket = self.folder / "run/ticks.sock"
        self.log = self.folder / "web.log"
        self.port = free_port()
        self.address = f"http://localhost:{self.port}"
        self._env = {"BOTPLATFORM_VAR": str(self.folder), "SERVED_DATABASE": str(database)}
        self.process = None

    def __enter__(self):
        run("manage.py", "collectstatic", "--noinput", env=self._env)
        self.process = start(
            *("-m", "uvicorn", "tests.support.served:application", "--host", "127.0.0.1", "--port", self.port),
            *("--lifespan", "off", "--timeout-graceful-shutdown", "3", "--no-access-log"),
            env=self._env,
            log=self.log,
        )
        wait_until(self._answers, what="the web")
        return self

    def __exit__(self, *_):
        stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self):
        assert self.process.poll() is None, self.log.read_text()
        return listens(self.port)


def chromium_or_skip():
    """Skips the test, or fails it where everything is expected to be there."""
    if not os.access(CHROMIUM, os.X_OK):
        sentence = "Chromium is missing: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)


@contextmanager
def browser():
    """Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright  # only where a browser is wanted

    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright keeps a loop in this thread for as long as it is there, and Django would refuse all tests after it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield launched
        finally:
            launched.close()


class Visitor:
    """Somebody at a browser. What the browser complains of is kept, violations of the content policy among it."""

    def __init__(self, browser, address, user=None, *, dark=False, width=1280, height=900):
        scheme = "dark" if dark else "light"
        self.address = address
        # A page that is still scrolling smoothly carries a button away from under the press that was aimed at it.
        self.context = browser.new_context(
            color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": height}
        )
        self.complaints = []
        if user is not None:
            self.context.set_default_timeout(30000)
            self.context.add_cookies([self._session(user)])
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _session(self, user):
        sign_cookies()
        client = Client()
        client.force_login(user)
        value = client.cookies["sessionid"].value
        return {"name": "sessionid", "value": value, "domain": urlsplit(self.address).hostname, "path": "/"}

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location})")

    def open(self, path="/"):
        """Go there. The streams keep the network busy for ever, so only the page itself is waited for."""
        answer = self.page.goto(self.address + path, wait_until="load")
        self.page.evaluate("document.fonts.ready.then(() => true)")
        return answer
