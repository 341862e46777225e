from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "vault.audit"
    label = "audit"
