"""What went wrong with the vault or with settings, as a sentence for the person who pressed the button."""

from __future__ import annotations

from botplatform.bots.actions import NoPrice
from botplatform.exchanges.vault import BadKeyFile, OutcomeUnknown, Refused, Retry
from strategies.settings import SettingsRefused

VAULT_ERRORS = (Refused, Retry, OutcomeUnknown, BadKeyFile)
ACTION_ERRORS = (*VAULT_ERRORS, NoPrice, SettingsRefused)


def sentence(error: Exception) -> str:
    """One for each of ACTION_ERRORS, with what to do next."""
    match error:
        case Refused():
            return f"The vault refused. {error}"
        case Retry():
            return f"The vault is not ready: {error} Nothing has happened; try again in a moment."
        case OutcomeUnknown():
            return f"{error} It may have happened all the same; asking once more is safe."
        case BadKeyFile():
            return f"The web cannot speak to the vault: {error}"
        case SettingsRefused():
            return "These settings cannot work: " + " ".join(f"{each.problem} {each.remedy}" for each in error.problems)
        case _:
            return str(error)
