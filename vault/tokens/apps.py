from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "vault.tokens"
    label = "tokens"
