from django.apps import AppConfig


class GrantsConfig(AppConfig):
    name = "vault.grants"
    label = "grants"
