from django.apps import AppConfig


class KillsConfig(AppConfig):
    name = "vault.kills"
    label = "kills"
