from django.apps import AppConfig


class BotsConfig(AppConfig):
    name = "botplatform.bots"
    label = "bots"
