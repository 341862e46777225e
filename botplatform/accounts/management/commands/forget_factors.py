"""`manage.py forget_factors`: lets somebody in again who has lost every second factor."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.management.base import BaseCommand, CommandError

from botplatform.accounts.models import User


class Command(BaseCommand):
    help = "Remove a user's second factors and passkeys, and end the sessions. The password stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="the name with which the user signs in")

    def handle(self, *_args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}. See `manage.py shell` or the admin for names.")
        count, _ = Authenticator.objects.filter(user=user).delete()
        for session in UserSession.objects.filter(user=user):
            session.end()
        self.stdout.write(f"{count} factors of {user.username} are removed, and the sessions ended.")
