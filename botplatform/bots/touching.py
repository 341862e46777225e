"""Knowing cheaply that something of a bot has changed.

Every row that belongs to a bot counts up its bot's `touched` when it is written, so that whoever watches a thousand
bots compares a thousand numbers instead of reading what they did. It says that something may be different and
nothing more; a bot that is touched without need is read once in vain.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from django.apps import apps
from django.db import models, router, transaction

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


def touch(bots: Iterable[UUID]) -> None:
    """Count these bots up."""
    if ids := set(bots):
        apps.get_model("bots", "Bot")._base_manager.filter(pk__in=ids).update(  # noqa: SLF001 (public API)
            touched=models.F("touched") + 1
        )


class TouchingRows(models.QuerySet[Any]):
    """Rows whose writing touches the bots that they belong to."""

    def update(self, **values: Any) -> int:
        with transaction.atomic(using=self.db):
            bots = list(self.order_by().values_list(self.model.TOUCHES, flat=True).distinct())
            done = super().update(**values)
            touch(bots)
        return done

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        made = super().bulk_create(objs, *args, **kwargs)
        touch(each.touched_bot for each in made)
        return made


class TouchingManager(models.Manager[Row_co]):
    """What makes rows touch."""

    def get_queryset(self) -> TouchingRows:
        return TouchingRows(self.model, using=self._db)


class Touching(models.Model):
    """What belongs to a bot. `TOUCHES` is the way to the bot's id in a query."""

    TOUCHES = "bot"
    objects = TouchingManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic(using=router.db_for_write(type(self))):
            super().save(*args, **kwargs)
            touch([self.touched_bot])

    @property
    def touched_bot(self) -> UUID:
        """The bot's id."""
        bot: UUID = self.bot_id  # type: ignore[attr-defined]
        return bot
