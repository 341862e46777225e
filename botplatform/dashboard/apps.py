from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "botplatform.dashboard"
    label = "dashboard"
