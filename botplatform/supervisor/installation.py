"""What `make run` runs, declared. Each part names those that must be ready, or done, before it.

vault-migrate ─ vault-init ─┬─ enroll-web ─────────┐
                            ├─ enroll-pages ── pages
                            ├─ enroll-runner ──┐   │
openbao ────────────────────┴─ signer ─────────┤   │
paper ──────────────────────┬─ feed ───────────┴─ bots, default ─ dispatcher
migrate ────────────────────┴──────────────────────┴─ web ─ demo
collectstatic ───────────────────────────────────────┘
"""

from __future__ import annotations

import os
import sys

from . import probes
from .children import ROOT
from .layout import Layout, port_is_free, private_folder
from .openbao import setup
from .openbao.files import ENVIRONMENT, BaoFiles
from .problems import Problem
from .specs import Installation, Process, Task
from .stamps import collected, migrated

# What a person may set for signer and pages, and nobody else is told. All other settings of the vault are decided here.
VAULT_SETTINGS = (
    *("VAULT_BINANCE_URL", "VAULT_BINANCE_STREAM_URL", "VAULT_EGRESS_ADDRESS", "VAULT_STREAMS"),
    *("VAULT_PAGES_ORIGIN", "VAULT_WEB_ORIGIN"),
)
PAPER_SPEED = "60"  # market seconds in one of ours
PAPER_PAST = "366"  # days before its first start: a year of minutes to test bots on


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


def _manage(*arguments: str) -> tuple[str, ...]:
    return _python("manage.py", *arguments)


def whole(layout: Layout) -> Installation:
    """The embedded OpenBao, the vault, the paper exchange and the platform."""
    for folder in ("platform", "paper", "vault", "pages"):
        private_folder(layout.var / folder)
    return Installation(
        parts=(*_vault(layout), *_platform(layout)),
        announce=lambda: _welcome(layout),
        announce_after=("web", "demo"),
    )


def _vault(layout: Layout) -> tuple[Process | Task, ...]:
    bao = BaoFiles(layout)
    own = {name: os.environ[name] for name in VAULT_SETTINGS if name in os.environ}
    env = {**own, "VAULT_BAO_SOCKET": str(layout.bao_socket)}
    keys = layout.var / "platform"

    def prepare(failures: int) -> None:
        if failures:
            bao.set_aside_unfinished()  # a self-init that broke off can't be unsealed
        bao.prepare()

    return (
        Process(
            name="openbao",
            argv=tuple(bao.argv()),
            env=ENVIRONMENT,
            prepare=prepare,
            ready=lambda: setup.is_ready_soon(bao),
            ready_within=30,
            tend=lambda pid: setup.rotate_audit_log(bao, pid),
            grace=2,
        ),
        Task(
            name="warm-openbao",
            argv=_python("-m", "botplatform.supervisor", "warm-up", "--var", str(layout.var)),
            after=("openbao",),
            needed=lambda: not bao.warm.exists(),
            fatal=False,
            remedy="The first key that is connected takes some seconds longer.",
        ),
        Task(
            name="vault-migrate",
            argv=_python("-m", "vault", "migrate"),
            env=env,
            stamp=migrated(
                "vault",
                layout.var / "vault" / "vault.sqlite3",
                layout.var / "vault" / "migrated",
                *(
                    ROOT / "vault" / "service" / name for name in ("history.py", "rules.py")
                ),  # triggers, put in by migrating
            ),
        ),
        Task(name="vault-init", argv=_python("-m", "vault", "init"), env=env, after=("vault-migrate",)),
        Task(
            name="enroll-runner",
            argv=_python("-m", "vault", "enroll-runner", "--key-file", str(keys / "runner.key")),
            env=env,
            after=("vault-init",),
        ),
        Task(
            name="enroll-web",
            argv=_python("-m", "vault", "enroll-web", "--key-file", str(keys / "web.key")),
            env=env,
            after=("vault-init",),
        ),
        Task(
            name="enroll-pages",
            argv=_python("-m", "vault", "enroll-pages", "--key-file", str(layout.var / "pages" / "pages.key")),
            env=env,
            after=("vault-init",),
        ),
        Process(
            name="signer",
            argv=_python("-m", "vault", "serve"),
            env=env,
            after=("openbao", "vault-init"),
            stdin=lambda: setup.wrap_signer_secret_id(bao),
            ready=probes.http_on_socket(layout.signer_socket, "/v1/health"),
            grace=2,
        ),
        Process(
            name="pages",
            argv=_python("-m", "vault", "pages"),
            env=own,
            after=("enroll-pages",),
            ready=probes.http_on_port(layout.pages_port, "/"),
            grace=4,
        ),
    )


def _platform(layout: Layout) -> tuple[Process | Task, ...]:
    own = layout.var / "platform"
    web, paper = str(layout.web_port), str(layout.paper_port)
    return (
        Process(
            name="paper",
            argv=_python(
                *("-m", "botplatform.paper", "serve", "--folder", str(layout.var / "paper")),
                *(
                    "--port",
                    paper,
                    "--control",
                    str(layout.paper_socket),
                    "--speed",
                    PAPER_SPEED,
                    "--past-days",
                    PAPER_PAST,
                ),
            ),
            ready=probes.http_on_port(layout.paper_port, "/api/v3/ping"),
            grace=2,
        ),
        Task(
            name="migrate",
            argv=_manage("migrate", "--noinput"),
            stamp=migrated("botplatform", own / "db.sqlite3", own / "migrated"),
        ),
        Task(
            name="collectstatic",
            argv=_manage("collectstatic", "--noinput"),
            stamp=collected("botplatform", layout.var / "static", own / "collected"),
        ),
        Process(
            name="feed",
            argv=_manage("feed"),
            after=("migrate", "paper"),
            ready=probes.accepts(layout.ticks_socket),
            grace=2,
        ),
        Process(
            name="web",
            argv=_python(
                *("-m", "uvicorn", "botplatform.asgi:application", "--host", "127.0.0.1", "--port", web),
                *("--lifespan", "off", "--timeout-graceful-shutdown", "3", "--no-access-log"),
            ),
            after=("migrate", "collectstatic", "enroll-web"),
            ready=probes.http_on_port(layout.web_port, "/healthz"),
            grace=4,
        ),
        *(_cluster(layout, name) for name in ("bots", "default")),
        Process(
            name="dispatcher",
            argv=_manage("dispatch"),
            after=("migrate", "bots"),
        ),
        Task(
            name="demo",
            argv=_manage("demo"),
            after=("web", "signer", "feed"),
            needed=lambda: not layout.sign_in.exists(),
            fatal=False,
            remedy="Everything else runs; the next start tries it again.",
        ),
    )


def _cluster(layout: Layout, name: str) -> Process:
    return Process(
        name=name,
        argv=_manage("qcluster"),
        env={"Q_CLUSTER_NAME": name},
        after=("migrate", "enroll-runner", "signer", "feed"),
        # A worker that was killed while it held the queue's lock leaves a cluster that looks alive and does nothing.
        heartbeat=layout.run / "bots.heartbeat" if name == "bots" else None,
        grace=4,
    )


def _welcome(layout: Layout) -> str:
    lines = ["", f"  Botplatform runs at http://localhost:{layout.web_port}", ""]
    if layout.sign_in.exists():
        lines += [f"  {line}" for line in layout.sign_in.read_text().splitlines()]
    return "\n".join([*lines, "", "  Ctrl-C stops everything.", ""])


def refuse_taken_ports(layout: Layout) -> None:
    """Raise Problem with a remedy if another program listens on one of our ports."""
    if not port_is_free(layout.web_port):
        other = layout.web_port + 1
        raise Problem(f"Port {layout.web_port} is taken by another program; use another: make run PORT={other}")
    inner = {
        "pages": layout.pages_port,
        "paper": layout.paper_port,
        "openbao": layout.openbao_port,
        "openbao_cluster": layout.openbao_cluster_port,
    }
    for name, port in inner.items():
        if not port_is_free(port):
            raise Problem(
                f"Port {port}, which {name} uses, is taken by another program; end that, or delete the number of "
                f"{name} from {layout.var / 'layout.json'}."
            )
