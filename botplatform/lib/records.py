"""What an operator sees of tables; some are a record, into which nobody writes by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

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
