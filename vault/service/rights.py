"""What an exchange key may do, as its exchange says: asked once, when the key comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vault.grants.models import Credential
from vault.messages.answers import RightsAnswer
from vault.messages.refusals import Code, Refused
from vault.service import sending
from vault.service.signer import Signer
from vault.settings import VAULT
from vault.signing import binance
from vault.signing.binance import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """None: the exchange does not tell. `profile` is the exchange's own name of the account; empty: it has none."""

    reading: bool | None
    trading: bool | None
    withdrawing: bool | None
    ip_bound: bool | None
    expires: int | None  # seconds since 1970
    profile: str

    @property
    def told(self) -> bool:
        """Whether the exchange says that nothing can be withdrawn. If not, the owner has to say so."""
        return self.withdrawing is False

    def narrow_enough(self) -> None:
        """Raises Refused(KEY_CAN_WITHDRAW), Refused(KEY_CANNOT_TRADE)."""
        if self.withdrawing:
            raise Refused(Code.KEY_CAN_WITHDRAW)
        if self.trading is False:
            raise Refused(Code.KEY_CANNOT_TRADE)


async def read(signer: Signer, credential: Credential) -> Reading:
    """Raises Refused(KEY_REFUSED_BY_EXCHANGE), Retry."""
    rights = await _ask(signer, credential, binance.key_rights())
    account = await _ask(signer, credential, binance.balances())
    ends = rights.get("tradingAuthorityExpirationTime")
    return Reading(
        reading=rights.get("enableReading"),
        trading=rights.get("enableSpotAndMarginTrading"),
        withdrawing=rights.get("enableWithdrawals"),
        ip_bound=rights.get("ipRestrict"),
        expires=None if ends is None else int(ends) // 1000,
        profile=str(account["info"].get("uid") or ""),
    )


def answer(signer: Signer, credential: Credential, reading: Reading) -> RightsAnswer:
    return RightsAnswer(
        credential=str(credential.id),
        label=credential.label,
        reading=reading.reading,
        trading=reading.trading,
        withdrawing=reading.withdrawing,
        ip_bound=reading.ip_bound,
        expires=reading.expires,
        address=address(signer, credential.exchange),
        waits=credential.state == Credential.State.WAITING,
    )


def address(signer: Signer, exchange: str) -> str:
    """The address from which this exchange sees the signer, to bind keys to; empty: nobody told the signer."""
    return "127.0.0.1" if signer.venue(exchange).on_this_machine else VAULT.egress_address or ""


async def _ask(signer: Signer, credential: Credential, operation: Operation) -> dict[str, Any]:
    try:
        told: dict[str, Any] = await sending.ask(signer, credential, operation)
    except Refused as why:
        if why.code is not Code.EXCHANGE_REFUSED:
            raise
        where = address(signer, credential.exchange)
        bound = f" If it is bound to addresses, {where} has to be among them." if where else ""
        raise Refused(Code.KEY_REFUSED_BY_EXCHANGE, f"It says: {why.detail}.{bound}") from why
    return told
