"""The job whose settings are varied, as its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botplatform.bots.backtests import job as jobs
from strategies.kinds import KINDS, settings_of
from strategies.settings import SettingsRefused


def job_words(path: Path) -> dict[str, Any]:
    """The words of a job's file. Raises SettingsRefused for mistakes that no setting can mend.

    Settings are left to each set: what is missing or wrong in them may be what is varied.
    """
    words = jobs.words_of(path)
    try:
        jobs.of(words)
    except SettingsRefused as why:
        fields = {field.name for kind in KINDS for field in settings_of(kind)}
        fatal = tuple(problem for problem in why.problems if problem.field not in fields)
        if fatal:
            raise SettingsRefused(fatal) from None
    return words
