"""Users, their sessions and the names of their second factors, for the operator. No secret of a factor is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.utils import reset
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from botplatform.accounts.models import User
from botplatform.lib.records import RecordAdmin, confirmed_action


def _end_sessions(_request: HttpRequest, user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()


def _forget_factors(request: HttpRequest, user: User) -> None:
    Authenticator.objects.filter(user=user).delete()
    _end_sessions(request, user)


def _lift(_request: HttpRequest, user: User) -> None:
    reset(username=user.username)


if TYPE_CHECKING:
    Users = UserAdmin[User]
else:
    Users = UserAdmin  # generic for the type checker alone


@admin.register(User)
class PersonAdmin(Users):
    list_display = ["username", "is_active", "is_staff", "last_login", "date_joined"]
    list_filter = ["is_active", "is_staff"]
    actions = (
        confirmed_action("End their sessions", "They are signed out everywhere, and can sign in again.", _end_sessions),
        confirmed_action(
            "Forget their second factors",
            "Their passkeys, apps and recovery codes are removed and their sessions ended; the password alone lets them"
            " in until they add new ones. Be sure whom you are doing this for. Passkeys of the vault's pages stay.",
            _forget_factors,
        ),
        confirmed_action(
            "Lift the locks on their names",
            "Names that were locked after wrong passwords can sign in again at once.",
            _lift,
        ),
    )


for theirs in (EmailAddress, Authenticator, UserSession):
    if admin.site.is_registered(theirs):
        admin.site.unregister(theirs)


@admin.register(Authenticator)
class FactorAdmin(RecordAdmin):
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    fields = ["user", "type", "created_at", "last_used_at"]


@admin.register(UserSession)
class SessionAdmin(RecordAdmin):
    list_display = ["user", "ip", "user_agent", "created_at", "last_seen_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "ip"]
    fields = ["user", "ip", "user_agent", "created_at", "last_seen_at"]
