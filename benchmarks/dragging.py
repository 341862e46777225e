"""In a process of its own: drags a line of the builder over a year of minutes; prints what each answer took as JSON.

`python -m benchmarks.dragging TURNS CANDLES`, with an empty state folder in BOTPLATFORM_VAR.
"""

import asyncio
import json
import os
import sys
import time
import uuid
from decimal import Decimal as D
from pathlib import Path
from statistics import quantiles

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "botplatform.settings")

import django

django.setup()  # before whatever has models: so the imports below are not at the top

from django.conf import settings  # noqa: E402 - see above
from django.core.management import call_command  # noqa: E402 - see above
from django.test import AsyncClient, Client  # noqa: E402 - see above

from benchmarks.jobs import MARKET  # noqa: E402 - see above
from botplatform.accounts.models import User  # noqa: E402 - see above
from botplatform.dashboard.builder.typed import texts  # noqa: E402 - see above
from botplatform.exchanges.models import ExchangeAccount  # noqa: E402 - see above
from botplatform.lib import clock  # noqa: E402 - see above
from botplatform.markets.archive import archive, load_path  # noqa: E402 - see above
from botplatform.markets.models import Market  # noqa: E402 - see above
from strategies.kinds import KINDS  # noqa: E402 - see above
from tests.support.cookies import sign_cookies  # noqa: E402 - see above


def bots(price):
    """Name: kind, settings, the handle that is dragged and the prices to which."""
    dca = {"base_order": "100", "averaging_order": "100", "averaging_orders": 5, "step": "0.015"}
    dca |= {"step_scale": "1.2", "volume_scale": "1.4", "take_profit": "0.015"}
    narrow = {"lower": str(price * D("0.8")), "upper": str(price * D("1.2")), "lines": 50, "quote_a_line": "1000"}
    wide = {"lower": str(price * D("0.5")), "upper": str(price * 2), "lines": 200, "quote_a_line": "1000"}
    dense = {"lower": str(price * D("0.65")), "upper": str(price * D("1.6")), "lines": 200, "quote_a_line": "1000"}
    return {
        "dca": ("dca", dca, "rung.3", price * D("0.94")),
        "grid, 50 lines, a fifth to either side": ("grid", narrow, "upper", price * D("1.2")),
        "grid, 200 lines, half to twice the price": ("grid", wide, "upper", price * 2),
        "grid, 200 lines, as near as fees allow": ("grid", dense, "upper", price * D("1.6")),
        "the same, trailing upwards": ("grid", dense | {"above": "trail"}, "upper", price * D("1.6")),
    }


async def dragged(client, place, kind, given, handle, near, turns):
    """What `turns` answers took, in milliseconds, and the last of them."""
    typed = {**dict(texts(KINDS[kind], given)), **place, "drag": handle}
    spans = []
    for turn in range(turns + 3):
        at = near * (1 + D(turn % 20 - 10) / 2000)
        began = time.perf_counter()
        answer = await client.post(f"/bots/new/{kind}/answer", {**typed, "at": str(at)})
        spans.append((time.perf_counter() - began) * 1000)
    told = json.loads(answer.content)
    assert not told["test"]["problem"], told["test"]["problem"]
    return spans[3:], told["test"]


def main(turns, candles):
    sign_cookies()
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    call_command("migrate", verbosity=0)
    loaded = load_path(Path(candles))
    store = archive.folder("paper", MARKET.symbol, "1m")
    with store.writing():
        store.replace(loaded)
    price = D(repr(float(loaded.open[0]))).quantize(D(1))
    owner = User.objects.create_user("olga")
    account = ExchangeAccount.objects.create(
        id=uuid.uuid4(), owner=owner, exchange="paper", label="Paper", connected_at=clock.now()
    )
    rules = {name: getattr(MARKET, name) for name in ("tick_size", "lot_size", "min_notional")}
    market = Market.objects.create(
        exchange="paper", symbol=MARKET.symbol, last_price=price, last_price_at=clock.now(), **rules
    )
    signed_in = Client()
    signed_in.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    client = AsyncClient()
    client.cookies = signed_in.cookies
    place = {"name": "Mine", "account": str(account.pk), "market": str(market.pk)}

    async def every():
        found = {}
        for name, (kind, given, handle, near) in bots(price).items():
            spans, test = await dragged(client, place, kind, given, handle, near, turns)
            cuts = quantiles(spans, n=20)
            found[name] = {"p50": cuts[9], "p95": cuts[18], "fills": test["fills"], "run": test["seconds"] * 1000}
        return found

    print(json.dumps(asyncio.run(every())))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
