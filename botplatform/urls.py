"""Every address that the web answers."""

from django.contrib import admin
from django.urls import include, path

from botplatform.dashboard.admin import vault_tables

urlpatterns = [
    path("admin/vault/", admin.site.admin_view(vault_tables), name="admin-vault"),
    path("admin/", admin.site.urls),
    path("", include("botplatform.dashboard.urls")),
]
