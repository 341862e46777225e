from django.apps import AppConfig


class RunnerConfig(AppConfig):
    name = "botplatform.runner"
    label = "runner"
