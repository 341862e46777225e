"""`manage.py dispatch`: the dispatcher, until SIGTERM."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from botplatform.runner.dispatcher import EVERY, dispatch_once

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Sees to it that every shard has a slice."

    def handle(self, *_args: Any, **_options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        heartbeat = settings.LAYOUT.run / "bots.heartbeat"
        while not stop.is_set():
            close_old_connections()
            try:
                asked = dispatch_once(heartbeat)
            except DatabaseError as why:
                log.warning("the database does not answer: %s", why)
            else:
                if asked:
                    log.info("asked for a slice of %s", ", ".join(asked))
            stop.wait(EVERY)
