"""The platform with its web in front of a browser, and somebody who trades there."""

import os

from tests.support.platform import Platform
from tests.support.ports import listens
from tests.support.processes import ROOT, run, start, stop, wait_until

PASSWORD = "correct horse battery"


class Watched(Platform):
    """A platform and its web. The market moves faster than the clock unless a test sets its price."""

    def __init__(self):
        super().__init__("--speed", "60", "--history-minutes", "900")
        self.server = None

    def _start(self):
        super()._start()
        self.port = self.layout["ports"]["web"]
        self.address = f"http://localhost:{self.port}"
        run("manage.py", "collectstatic", "--noinput", env=self.env)
        self.server = start(
            *("-m", "uvicorn", "botplatform.asgi:application", "--host", "127.0.0.1", "--port", self.port),
            *("--lifespan", "off", "--timeout-graceful-shutdown", "3", "--no-access-log"),
            env=self.env,
            log=self.folder / "web.log",
        )
        wait_until(self._web_answers, what="the web")

    def __exit__(self, *details):
        stop(self.server)
        super().__exit__(*details)

    def _web_answers(self):
        assert self.server.poll() is None, (self.folder / "web.log").read_text()
        return listens(self.port)

    def trader(self, name):
        """A user with a password and a paper account of 10,000 USDT."""
        self.wait_for_price("BTC/USDT")
        opened = self.paper.open_account(["trade"], USDT="10000", BTC="0.5")
        self.script(f"""
            from botplatform.accounts.models import User
            from botplatform.exchanges.accounts import learn
            from botplatform.exchanges.vault import connect_key
            user = User.objects.create_user({name!r}, password={PASSWORD!r})
            connect_key(user.pk, exchange="paper", label="Paper", key={opened["key"]!r}, secret={opened["secret"]!r})
            learn(user)
            print("true")
        """)


def picture(page, name, *, whole=False):
    """Renews docs/screens when that is asked for."""
    if os.environ.get("UPDATE_SCREENS") == "1":
        page.screenshot(path=ROOT / "docs/screens" / f"{name}.png", full_page=whole)
