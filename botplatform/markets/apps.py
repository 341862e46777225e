from django.apps import AppConfig


class MarketsConfig(AppConfig):
    name = "botplatform.markets"
    label = "markets"
