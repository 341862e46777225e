from django.apps import AppConfig


class ExchangesConfig(AppConfig):
    name = "botplatform.exchanges"
    label = "exchanges"
