"""`manage.py qcluster`: django-q2's own, with two habits that it lacks.

Told to stop, it raises the drain flag first, because it waits for running slices without limit. And its children
end when their parent does: a worker whose cluster was killed would go on alone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django_q.cluster import Cluster

from botplatform.runner import drain

_PR_SET_PDEATHSIG = 1


class DrainingCluster(Cluster):  # type: ignore[misc]  # django-q2 has no types
    def stop(self) -> bool:
        drain.raise_flag()
        return bool(super().stop())


class Command(BaseCommand):
    help = "Runs a cluster: `Q_CLUSTER_NAME=bots manage.py qcluster` for bots, without it for everything else."

    def handle(self, *_args: Any, **_options: Any) -> None:
        name = os.environ.get("Q_CLUSTER_NAME", "default")
        drain.prepare(settings.LAYOUT.run / f"{name}.drain")
        if sys.platform == "linux":
            os.register_at_fork(after_in_child=_die_with_parent)
        DrainingCluster().start()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
