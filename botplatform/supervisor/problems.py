"""What a person has to put right: one sentence each, shown without a traceback."""

from __future__ import annotations


class Problem(Exception):
    """Something outside this program is in the way; the text says what, and what to do."""
