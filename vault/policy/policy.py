"""One decision."""

from __future__ import annotations

from vault.policy.conditions import CONDITIONS
from vault.policy.facts import Facts


def authorise(facts: Facts) -> None:
    """Raises the first condition's Refused; returns when every condition holds."""
    for condition in CONDITIONS:
        refusal = condition.refusal(facts)
        if refusal is not None:
            raise refusal
