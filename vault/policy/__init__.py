"""What may be signed, as named conditions over frozen facts. It reads nothing and remembers nothing."""

from vault.policy.conditions import CONDITIONS, Condition
from vault.policy.facts import FEE_ROOM, Coins, Facts, Present, Reference, Spent
from vault.policy.policy import authorise

__all__ = ["CONDITIONS", "FEE_ROOM", "Coins", "Condition", "Facts", "Present", "Reference", "Spent", "authorise"]
