"""Telling somebody that what was pressed did not happen, and what to do."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from botplatform.accounts.identified import ask_again
from botplatform.dashboard.sentences import sentence
from botplatform.exchanges.vault import Code, Refused


def refused(request: HttpRequest, error: Exception, back_to: str, before: str = "") -> HttpResponse:
    """Back to a page with the reason; or to the one that asks who it is, where the vault wants to know that first."""
    if isinstance(error, Refused) and error.code == Code.WIDER_THAN_BEFORE:
        messages.info(request, "This lets the bot do more than before. Show who you are, then press it again.")
        return ask_again(back_to)
    messages.error(request, f"{before}{sentence(error)}")
    return redirect(back_to)
