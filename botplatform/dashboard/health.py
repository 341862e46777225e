"""What anybody may know: whether the processes are up, and how much they have done."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from botplatform.bots.models import Bot, Deal, Order
from botplatform.lib import clock

FRESH = timedelta(seconds=10)


@login_not_required
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """The truth stands in `ok`. The status is always 200: the supervisor asks here whether the web is up while others
    are still starting, and starts some of them only then."""
    processes, fresh = _processes()
    return JsonResponse(
        {
            "ok": fresh and all(state == "ready" for state in processes.values()),
            "processes": processes,
            "bots_running": Bot.objects.filter(enabled=True).count(),
            "deals_closed": Deal.objects.filter(closed_at__isnull=False).count(),
            "orders_placed": Order.objects.exclude(client_order_id="").count(),
        }
    )


def _processes() -> tuple[dict[str, str], bool]:
    """Each process's state as the supervisor last wrote it, and whether that is recent."""
    try:
        board = json.loads(settings.LAYOUT.processes.read_text())
        written = datetime.fromisoformat(board["at"])
        processes = {name: entry["state"] for name, entry in board["processes"].items()}
        return processes, bool(processes) and clock.now() - written < FRESH
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # not there, or not what a supervisor writes
        return {}, False
