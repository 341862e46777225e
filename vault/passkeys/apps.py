from django.apps import AppConfig


class PasskeysConfig(AppConfig):
    name = "vault.passkeys"
    label = "passkeys"
