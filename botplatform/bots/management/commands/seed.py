"""`manage.py seed --bots 1000 --orders 200000`: made-up bots with a long past, for measuring how quick the pages are.

They lie on accounts that no vault knows and that are marked as made up: no runner looks at them, and starting one is
refused. A database where somebody has bots of their own is left alone unless `--beside` says otherwise.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from botplatform.accounts.models import User
from botplatform.bots.models import Bot
from botplatform.bots.seeding.person import fill_up
from botplatform.lib import clock


class Command(BaseCommand):
    help = "Fills the database with made-up bots, deals and orders, for measuring. Nothing ever trades on them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bots", type=int, default=1000, metavar="N")
        parser.add_argument("--orders", type=int, default=200_000, metavar="N", help="of all these bots, about")
        parser.add_argument("--user", default="seeded", metavar="NAME", help="whose they are; made without a password")
        parser.add_argument("--beside", action="store_true", help="even if people have bots of their own here")

    def handle(self, *_args: Any, **options: Any) -> None:
        for name in ("bots", "orders"):
            if options[name] < 1:
                raise CommandError(f"{name}: {options[name]} cannot be. Give at least 1.")
        if not options["beside"] and Bot.objects.filter(account__made_up=False).exists():
            raise CommandError(
                "Somebody has bots here. Seed another state folder (BOTPLATFORM_VAR), or say --beside if these "
                "made-up ones may stand beside them."
            )
        owner, new = User.objects.get_or_create(username=options["user"])
        if new:
            owner.set_unusable_password()
            owner.save()
        began = clock.monotonic()
        say = self.stderr.write if options["verbosity"] > 1 else _silent
        fill_up(owner, options["bots"], options["orders"], now=clock.now(), say=say)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as a database does by itself that has grown slowly
        self.stdout.write(
            f"{options['bots']:,} made-up bots of {owner.username} in {clock.monotonic() - began:.0f} s. Give a "
            f"password with: manage.py changepassword {owner.username}"
        )


def _silent(_text: str) -> None:
    pass
