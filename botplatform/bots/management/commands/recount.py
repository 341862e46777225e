"""`manage.py recount [--write]`: whether the sums that pages show are what the closed deals say."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botplatform.bots.sums.recounting import recount


class Command(BaseCommand):
    help = "Adds up all closed deals and compares that with the sums that are kept as deals close."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true", help="set what differs right")

    def handle(self, *_args: Any, **options: Any) -> None:
        differences = recount(write=options["write"])
        for each in differences:
            self.stdout.write(str(each))
        if differences and not options["write"]:
            raise CommandError(f"{len(differences)} sums differ. Say --write to set them right.")
        self.stdout.write(f"{len(differences)} sums were set right." if differences else "All sums agree.")
