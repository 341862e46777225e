"""A secret that was connected is nowhere: in no file of the state folder, in no long-lived process's memory.

The paper exchange holds its customers' secrets, as any exchange does; OpenBao is where they are kept.
"""

from pathlib import Path

import pytest

from tests.support.platform import Platform
from tests.support.processes import run, start, stop, wait_until
from tests.support.scan import scan

pytestmark = pytest.mark.xdist_group("canary")  # one platform for all of them

ORDERS = 50
LADDER = {
    "base_order": "20",
    "averaging_order": "10",
    "averaging_orders": ORDERS,
    "step": "0.005",
    "take_profit": "0.05",
}


class Everything(Platform):
    """The platform with its web and its second cluster."""

    web_process = default = None

    def _start(self):
        super()._start()
        run("manage.py", "collectstatic", "--noinput", env=self.env)
        port = self.layout["ports"]["web"]
        self.web_process = start(
            *("-m", "uvicorn", "botplatform.asgi:application", "--host", "127.0.0.1", "--port", port),
            env=self.env,
            log=self.folder / "web.log",
        )
        self.default = start("manage.py", "qcluster", env=self.env, log=self.folder / "default.log")

    def __exit__(self, *details):
        for process in (self.default, self.web_process):
            stop(process)
        super().__exit__(*details)

    def processes(self):
        """Every process of this installation by id, with its command line."""
        mark = f"BOTPLATFORM_VAR={self.folder}".encode()
        found = {self.bao_server(): "bao server"}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def bao_server(self):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if b"bao\0server" in line and str(self.folder).encode() in line:
                return int(folder.name)
        raise AssertionError("no OpenBao")


@pytest.fixture(scope="module")
def everything():
    with Everything("--speed", "0.0001") as running:
        yield running


@pytest.fixture(scope="module")
def secret(everything):
    """Registered at the paper exchange, connected by the command line, used for fifty orders."""
    everything.wait_for_price("BTC/USDT")
    everything.script(
        "from botplatform.accounts.models import User; User.objects.create_user('carla', password='not-needed-here')"
    )
    lines = run("manage.py", "paper_key", "--balance", "USDT=10000", env=everything.env)
    secret = lines.split()[1]
    connect = ("connect_exchange", "--user", "carla", "--exchange", "paper", "--label", "Canary")
    run("manage.py", *connect, env=everything.env, feed=lines)
    everything.script(
        f"""
        from botplatform.bots import actions
        from botplatform.exchanges.models import ExchangeAccount
        from botplatform.markets.models import Market
        account = ExchangeAccount.objects.get(label="Canary")
        market = Market.objects.get(symbol="BTC/USDT")
        bot = actions.create(account.owner, account, market, name="Canary", kind="dca", settings={LADDER!r})
        actions.start(bot)
        """
    )
    placed = "select count(*) from bots_order where state in ('accepted', 'filled')"
    wait_until(lambda: everything.rows(placed)[0][0] > ORDERS, what=f"{ORDERS} orders")
    return secret


def test_the_secret_is_in_no_file(everything, secret):
    folders = [each for each in everything.folder.iterdir() if each.name not in ("openbao", "paper")]
    assert scan(secret, folders=folders) == []


def test_the_secret_is_in_no_long_lived_process(everything, secret):
    ours = {
        pid: line for pid, line in everything.processes().items() if "bao server" not in line and ".paper" not in line
    }
    assert len(ours) >= 12  # signer, feed, web, dispatcher, two clusters with their workers
    assert scan(secret, pids=ours) == []


def test_the_scan_finds_what_is_there(everything, secret):
    paper = everything.paper_process.pid
    found = scan(secret, pids=[paper], folders=[everything.folder / "paper"])
    assert any(each.where == f"memory of {paper}" for each in found)
    assert any(each.where.startswith(str(everything.folder / "paper")) for each in found)
