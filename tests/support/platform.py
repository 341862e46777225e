"""The platform's processes on top of a `Machine`: feed, cluster `bots` and dispatcher, and a bot that runs on them."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.support.machine import Machine
from tests.support.processes import ROOT, run, start, stop, wait_until

BOT = {
    "base_order": "50",
    "averaging_order": "50",
    "averaging_orders": 4,
    "step": "0.002",
    "take_profit": "0.003",
}


class Platform(Machine):
    def __init__(self, *paper_options, **settings):
        super().__init__(*(paper_options or ("--speed", "60")), **settings)
        self.env["DJANGO_SETTINGS_MODULE"] = "botplatform.settings"
        self.feed = self.bots = self.dispatcher = None

    def _start(self):
        super()._start()
        run("manage.py", "migrate", "-v0", env=self.env)
        self.start_feed()
        self.start_bots()
        self.start_dispatcher()

    def __exit__(self, *details):
        for process in (self.dispatcher, self.bots, self.feed):
            stop(process)
        super().__exit__(*details)

    def start_feed(self):
        self.feed = start("manage.py", "feed", env=self.env, log=self.folder / "feed.log")

    def start_bots(self):
        env = {**self.env, "Q_CLUSTER_NAME": "bots"}
        self.bots = start("manage.py", "qcluster", env=env, log=self.folder / "bots.log")

    def start_dispatcher(self):
        self.dispatcher = start("manage.py", "dispatch", env=self.env, log=self.folder / "dispatch.log")

    def slice_pids(self):
        """The workers that are inside a slice now, by the cluster's own log."""
        busy = set()
        for line in (self.folder / "bots.log").read_text().splitlines():
            if found := re.search(r"slice begins.* process (\d+)", line):
                busy.add(int(found[1]))
            elif found := re.search(r"slice ends.* process (\d+)", line):
                busy.discard(int(found[1]))
        return [pid for pid in busy if Path(f"/proc/{pid}").exists()]

    def script(self, text):
        """Run lines in the platform's Django; what they print, as JSON."""
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", textwrap.dedent(text)],
            capture_output=True,
            text=True,
            env={**os.environ, **self.env},
            cwd=ROOT,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.strip().splitlines()[-1]) if done.stdout.strip() else None

    def rows(self, query, *values):
        """Rows of the platform's database, read without Django."""
        path = self.folder / "platform/db.sqlite3"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60) as connection:
            return connection.execute(query, values).fetchall()

    def bot(self, symbol="BTC/USDT", name="Bot", **settings):
        """A running DCA bot of a fresh user on a fresh paper account; its ids."""
        self.wait_for_price(symbol)
        opened = self.paper.open_account(["trade"], USDT="10000")
        text = f"""
            import json, uuid
            from botplatform.accounts.models import User
            from botplatform.bots import actions
            from botplatform.exchanges.models import ExchangeAccount
            from botplatform.exchanges.vault import connect_key
            from botplatform.lib import clock
            from botplatform.markets.models import Market
            user = User.objects.create_user(uuid.uuid4().hex)
            rights = connect_key(user.pk, exchange="paper", label="Paper", key={opened["key"]!r}, secret={opened["secret"]!r})
            account = ExchangeAccount.objects.create(
                id=rights.credential, owner=user, exchange="paper", label="Paper", connected_at=clock.now()
            )
            market = Market.objects.get(symbol={symbol!r})
            bot = actions.create(user, account, market, name={name!r}, kind="dca", settings={ ({**BOT, **settings})!r})
            actions.start(bot)
            print(json.dumps({{"bot": bot.pk.hex, "grant": bot.grant.hex}}))
        """
        return {**self.script(text), "account": opened["account"]}

    def wait_for_price(self, symbol):
        query = "select last_price from markets_market where symbol = ? and last_price is not null"
        wait_until(lambda: self._has(query, symbol), what=f"a price of {symbol}")

    def _has(self, query, *values):
        try:
            return self.rows(query, *values)
        except sqlite3.OperationalError:
            return []
