"""How the signer itself stands: whether it may sign at all, and how sure it is of its own past."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vault import clock
from vault.messages.refusals import SENTENCES, Code, Refused, Retry
from vault.settings import VAULT

STEP_BACK = 2.0  # seconds that the clock may be behind: leap seconds and gentle corrections are no attack
_LOST = "The audit names them (order.lost). Their bots find them by asking again; cancel the others at the exchange."
WAY_OUT = "If the earlier time was wrong: stop the signer, `python -m vault clock --accept`, start it."


class Mode(StrEnum):
    NORMAL = "normal"
    RECOVERY = "recovery"  # the database is older than its head: look-ups and cancels only
    OVERTAKEN = "overtaken"  # another signer writes the head: nothing is signed


@dataclass(slots=True)
class Standing:
    """Told by the witness, asked before anything is signed."""

    mode: Mode = Mode.NORMAL
    head_late_since: float | None = None  # monotonic: since when the key store does not have the newest head
    looks_first_until: datetime | None = None  # after a recovery: what is asked for may have been sent before
    lost: int = 0  # orders of ours at the exchanges that the database does not know
    clock_off: dict[str, float] = field(default_factory=dict)  # by exchange: seconds that ours is ahead

    def may_sign(self, exchange: str) -> None:
        """Before each signature. Raises Refused."""
        if self.mode is Mode.OVERTAKEN:
            raise Refused(Code.OVERTAKEN)
        self.clock_runs()
        off = self.clock_off.get(exchange, 0.0)
        if abs(off) > VAULT.recv_window:
            raise Refused(Code.CLOCK_OFF, f"It is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}.")

    def clock_runs(self) -> None:
        """Raises Refused: what had expired must not come back to life."""
        if clock.behind() > STEP_BACK:
            raise Refused(Code.CLOCK_BEHIND, f"It is {clock.behind():.0f} s behind. {WAY_OUT}")

    @property
    def clock_agrees(self) -> bool:
        """Whether no exchange shows another time, as far as is known."""
        return all(abs(off) <= VAULT.recv_window for off in self.clock_off.values())

    def may_place(self) -> None:
        """Before an order is let through. Raises Refused."""
        if self.mode is Mode.RECOVERY:
            raise Refused(Code.IN_RECOVERY)
        if self.mode is Mode.OVERTAKEN:
            raise Refused(Code.OVERTAKEN)

    def may_open(self) -> None:
        """Before something is let through that is no exit. Raises Retry."""
        if self._head_is_late():
            raise Retry(Code.HEAD_NOT_WRITTEN, after=5)

    @property
    def looks_first(self) -> bool:
        return self.looks_first_until is not None and clock.now() < self.looks_first_until

    def notes(self) -> list[str]:
        """Sentences about what a person should look at, though the signer works."""
        if not self.lost:
            return []
        sentence = f"{self.lost} orders of this installation rest at the exchanges and are not in its database."
        return [f"{sentence} {_LOST}"]

    def troubles(self) -> list[str]:
        """Why it does not work, in sentences for people; none when it does."""
        found = []
        if self.mode is Mode.RECOVERY:
            found.append(SENTENCES[Code.IN_RECOVERY])
        if self._head_is_late():
            found.append(SENTENCES[Code.HEAD_NOT_WRITTEN])
        exchanges: list[str] = [*self.clock_off] or [""]
        for exchange in exchanges:
            try:
                self.may_sign(exchange)
            except Refused as why:
                if str(why) not in found:
                    found.append(str(why))
        return found

    def _head_is_late(self) -> bool:
        return self.head_late_since is not None and clock.monotonic() - self.head_late_since > VAULT.head_patience
