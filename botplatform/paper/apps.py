"""Makes the command `paper_key` known to Django; the exchange itself runs without Django."""

from __future__ import annotations

from django.apps import AppConfig


class PaperConfig(AppConfig):
    name = "botplatform.paper"
    label = "paper"
    verbose_name = "Paper exchange"
