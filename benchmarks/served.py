"""In a process of its own: asks each page of a seeded database again and again; prints what it took as JSON.

`python -m benchmarks.served TURNS`, with the state folder in BOTPLATFORM_VAR.
"""

import json
import os
import sys
import time
from statistics import quantiles

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "botplatform.settings")

# First of all what is served, loaded as it is there.
from botplatform.asgi import application  # noqa: F401, I001 - see above

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from botplatform.accounts.models import User
from botplatform.bots.models import Bot
from tests.support.cookies import sign_cookies

USER = "seeded"


def pages():
    """Name and address of every page that one person sees."""
    busiest = Bot.objects.filter(kind="dca").order_by("-deals_closed").first()
    open_one = Bot.objects.filter(deals__closed_at=None, kind="dca").order_by("pk").first() or busiest
    market = busiest.market_id
    return {
        "overview": "/",
        "overview, filtered": f"/?state=deal&market={market}&sort=-total",
        "overview, its curve": "/curve",
        "new bot": "/bots/new",
        "a bot": f"/bots/{open_one.pk}/",
        "a bot, its chart": f"/bots/{open_one.pk}/chart",
        "deals": "/deals/",
        "deals, by profit": "/deals/?sort=-profit",
        "deals, filtered": f"/deals/?state=closed&kind=grid&market={market}",
        "deals, a page far behind": "/deals/?page=150",
        "orders": "/orders/",
        "orders, filtered": f"/orders/?state=rejected&market={market}&sort=updated",
        "orders of a bot": f"/orders/?bot={busiest.pk}",
        "orders, by kind of bot": "/orders/?kind=rebalance",
        "orders, a page far behind": "/orders/?page=150",
        "portfolio": "/portfolio/",
        "backtests": "/backtests/",
        "terminal": "/terminal/",
        "vault, which is away": "/vault/",
        "sign-in, to compare": "/sign-in",
    }


def measured(client, path, turns):
    for _ in range(2):
        answer = client.get(path)
    assert answer.status_code in (200, 503), (path, answer.status_code)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    queries = len(captured)
    spans = []
    for _ in range(turns):
        began = time.perf_counter()
        answer = client.get(path)
        spans.append((time.perf_counter() - began) * 1000)
    cuts = quantiles(spans, n=20)
    kilobytes = len(answer.content) // 1024
    return {"p50": cuts[9], "p95": cuts[18], "queries": queries, "kilobytes": kilobytes}


def main(turns):
    sign_cookies()
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=USER), backend=settings.AUTHENTICATION_BACKENDS[-1])
    anonymous = Client()
    found = {}
    for name, path in pages().items():
        asked = anonymous if path.startswith("/sign-in") else client
        if asked.get(path).status_code == 404:
            continue
        found[name] = {**measured(asked, path, turns), "path": path}
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
