"""The shards, for the operator."""

from __future__ import annotations

from django.contrib import admin

from botplatform.lib.records import RecordAdmin
from botplatform.runner.models import Shard


@admin.register(Shard)
class ShardAdmin(RecordAdmin):
    list_display = [field.name for field in Shard._meta.fields]  # noqa: SLF001  (public API)
