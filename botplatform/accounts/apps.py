from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "botplatform.accounts"
    label = "accounts"
