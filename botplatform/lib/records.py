"""What an operator sees of tables; some are a record, into which nobody writes by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

if TYPE_CHECKING:
    TableAdmin = admin.ModelAdmin[Any]
else:
    TableAdmin = admin.ModelAdmin  # generic for the type checker alone


class RecordAdmin(TableAdmin):
    """Rows to look at: none can be added, changed or deleted."""

    show_full_result_count = False

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


_SHOWN = 30  # rows that are named before an action


def confirmed_action(
    title: str, words: str, act: Callable[[HttpRequest, Any], None], errors: tuple[type[Exception], ...] = ()
) -> Any:
    """An admin action that says what will happen to which rows, and does it once that was confirmed.

    `act` is done to each row; one of `errors` is told of that row, and the others go on.
    """

    @admin.action(description=title, permissions=["view"])
    def action(self: Any, request: HttpRequest, rows: QuerySet[Any]) -> TemplateResponse | None:
        if request.POST.get("confirmed") != "yes":
            return _ask(self, request, rows, title, words)
        done = 0
        for row in rows:
            try:
                act(request, row)
            except errors as why:
                messages.error(request, f"{row}: {why}")
            else:
                done += 1
        if done:
            messages.success(request, f"{title}: done for {done}.")
        return None

    action.__name__ = title.lower().replace(" ", "_")
    return action


def _ask(model_admin: Any, request: HttpRequest, rows: QuerySet[Any], title: str, words: str) -> TemplateResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "words": words,
        "opts": model_admin.model._meta,  # noqa: SLF001 (public API)
        "rows": list(rows[:_SHOWN]),
        "more": max(0, rows.count() - _SHOWN),
        "pks": [str(pk) for pk in rows.values_list("pk", flat=True)],
        "checkbox": ACTION_CHECKBOX_NAME,
        "action": request.POST.get("action", ""),
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "admin/confirm.html", context)
