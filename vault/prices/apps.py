from django.apps import AppConfig


class PricesConfig(AppConfig):
    name = "vault.prices"
    label = "prices"
