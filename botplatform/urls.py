"""Every address that the web answers."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from botplatform.dashboard.admin import lift_kill, put_kill, vault_tables

# Otherwise the admin's own form would let somebody in without the second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("admin/vault/", admin.site.admin_view(vault_tables), name="admin-vault"),
    path("admin/vault/kill", admin.site.admin_view(put_kill), name="admin-kill"),
    path("admin/vault/unkill", admin.site.admin_view(lift_kill), name="admin-unkill"),
    path("admin/", admin.site.urls),
    path("", include("botplatform.accounts.urls")),
    path("", include("botplatform.dashboard.urls")),
]
