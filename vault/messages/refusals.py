"""Every reason to say no: a code for programs and a sentence for people.

What a caller does next decides the class of an answer: `refused` - change something; `retry` - the same again
later; `unknown` - look the order up before anything else.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    # Who is asking
    UNKNOWN_KEY = "unknown_key"
    WRONG_KIND_OF_KEY = "wrong_kind_of_key"
    BAD_PROOF = "bad_proof"
    PROOF_REPLAYED = "proof_replayed"
    PROOF_EXPIRED = "proof_expired"
    BAD_TOKEN = "bad_token"  # noqa: S105 - a code, not a token
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    WRONG_HOLDER = "wrong_holder"
    STALE_FENCE = "stale_fence"
    LEASE_EXPIRED = "lease_expired"
    LEASE_HELD = "lease_held"
    HELD_BY_ANOTHER_SHARD = "held_by_another_shard"
    # What is asked
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    NOT_FOUND = "not_found"
    # What a grant allows
    GRANT_REVOKED = "grant_revoked"
    GRANT_CHANGED = "grant_changed"
    WRONG_GRANT = "wrong_grant"
    MARKET_NOT_GRANTED = "market_not_granted"
    SIDE_NOT_GRANTED = "side_not_granted"
    TYPE_NOT_GRANTED = "type_not_granted"
    TIME_IN_FORCE_NOT_GRANTED = "time_in_force_not_granted"
    OVER_NOTIONAL = "over_notional"
    OVER_TURNOVER = "over_turnover"
    OVER_SLIPPAGE = "over_slippage"
    OVER_LOSS = "over_loss"
    TOO_MANY_OPEN = "too_many_open"
    TOO_MANY_ORDERS = "too_many_orders"
    TOO_MANY_EXITS = "too_many_exits"
    TOO_MANY_READS = "too_many_reads"
    TOO_MANY_REFUSED = "too_many_refused"
    NO_REFERENCE = "no_reference"
    OUTSIDE_COLLAR = "outside_collar"
    THIN_MARKET = "thin_market"
    COINS_NOT_HELD = "coins_not_held"
    WOULD_CROSS_OWN = "would_cross_own"
    GRANT_EXPIRED = "grant_expired"
    GRANT_NOT_APPROVED = "grant_not_approved"
    WIDER_THAN_BEFORE = "wider_than_before"
    # What is stopped
    OPENING_STOPPED = "opening_stopped"
    EVERYTHING_STOPPED = "everything_stopped"
    IN_RECOVERY = "in_recovery"
    OVERTAKEN = "overtaken"
    HEAD_NOT_WRITTEN = "head_not_written"
    CLOCK_BEHIND = "clock_behind"
    CLOCK_OFF = "clock_off"
    REAUTHENTICATION_NEEDED = "reauthentication_needed"
    PASSKEY_NEEDED = "passkey_needed"
    PASSKEY_REFUSED = "passkey_refused"
    CEREMONY_OVER = "ceremony_over"
    CODE_REFUSED = "code_refused"
    VISIT_OVER = "visit_over"
    # What the ledger allows
    IDENTITY_TAKEN = "identity_taken"
    GENERATION_ALIVE = "generation_alive"
    GENERATION_SKIPPED = "generation_skipped"
    UNKNOWN_ORDER = "unknown_order"
    DEADLINE_PASSED = "deadline_passed"
    # Keys
    EXCHANGE_NOT_ALLOWED = "exchange_not_allowed"
    CREDENTIAL_NOT_READY = "credential_not_ready"
    SEALED_FORM_INVALID = "sealed_form_invalid"
    KEY_MALFORMED = "key_malformed"
    KEY_REFUSED_BY_EXCHANGE = "key_refused_by_exchange"
    KEY_CAN_WITHDRAW = "key_can_withdraw"
    KEY_RIGHTS_UNKNOWN = "key_rights_unknown"
    KEY_OF_ANOTHER_ACCOUNT = "key_of_another_account"
    KEY_CANNOT_TRADE = "key_cannot_trade"
    # The exchange and the machine
    OFF_THE_GRID = "off_the_grid"
    REQUEST_NOT_AS_INTENDED = "request_not_as_intended"
    TOO_MANY_REQUESTS = "too_many_requests"
    EXCHANGE_BUSY = "exchange_busy"
    EXCHANGE_UNREACHABLE = "exchange_unreachable"
    EXCHANGE_REFUSED = "exchange_refused"
    KEYSTORE_UNAVAILABLE = "keystore_unavailable"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    NOT_READY = "not_ready"


SENTENCES: dict[Code, str] = {
    Code.UNKNOWN_KEY: "This key is not enrolled here, or was withdrawn. Enrol it with `python -m vault enroll-runner`.",
    Code.WRONG_KIND_OF_KEY: "This kind of key may not do that.",
    Code.BAD_PROOF: "The proof does not belong to this request.",
    Code.PROOF_REPLAYED: "This proof was used before. Each request needs a proof of its own.",
    Code.PROOF_EXPIRED: "The proof is too old or from the future. Check this machine's clock.",
    Code.BAD_TOKEN: "This is not a token of this signer.",
    Code.TOKEN_EXPIRED: "The token has expired. Ask for a new one.",
    Code.WRONG_HOLDER: "The token belongs to another key than the one that made the proof.",
    Code.STALE_FENCE: "A newer lease on this shard exists. Stop, and take the lease again.",
    Code.LEASE_EXPIRED: "The lease has run out. Take it again.",
    Code.LEASE_HELD: "Another runner holds the lease on this shard.",
    Code.HELD_BY_ANOTHER_SHARD: "This bot is being run under another shard's live lease.",
    Code.MALFORMED: "The request is not in the form that this address takes.",
    Code.TOO_LARGE: "The request is too large.",
    Code.NOT_FOUND: "There is no such thing here.",
    Code.GRANT_REVOKED: "The grant was revoked. Nothing more is signed under it.",
    Code.GRANT_CHANGED: "The grant has a newer version than this token. Ask for a new token.",
    Code.WRONG_GRANT: "The token is for another grant than this order.",
    Code.MARKET_NOT_GRANTED: "The grant does not allow this market.",
    Code.SIDE_NOT_GRANTED: "The grant does not allow this side.",
    Code.TYPE_NOT_GRANTED: "The grant does not allow this type of order.",
    Code.TIME_IN_FORCE_NOT_GRANTED: "The grant does not allow orders that stay so long, or so shortly.",
    Code.OVER_NOTIONAL: "The order is larger than the grant allows for one order.",
    Code.OVER_TURNOVER: "With this order more would be traded in 24 hours than the grant allows.",
    Code.OVER_SLIPPAGE: "With this order more could be given away at bad prices in 24 hours than the grant allows.",
    Code.OVER_LOSS: "The bot has lost as much today as its grant allows. It only exits until tomorrow.",
    Code.TOO_MANY_OPEN: "The grant does not allow so many open orders.",
    Code.TOO_MANY_ORDERS: "The grant does not allow so many orders in a minute.",
    Code.TOO_MANY_EXITS: "The grant does not allow so many exits in a minute.",
    Code.TOO_MANY_READS: "The grant does not allow so many readings in a minute.",
    Code.TOO_MANY_REFUSED: "So many orders of this grant were refused in a minute that the next is not looked at.",
    Code.NO_REFERENCE: "The signer has no fresh price of its own for this market. Until it has, nothing opens.",
    Code.OUTSIDE_COLLAR: "The price is further from the signer's own reference than the grant allows.",
    Code.THIN_MARKET: "Too little is traded on this market for the grant.",
    Code.COINS_NOT_HELD: "The bot was not given these coins and did not buy them, or offers them already.",
    Code.WOULD_CROSS_OWN: "It could trade against another order of this installation.",
    Code.GRANT_EXPIRED: "The grant has expired. What it holds can still be exited.",
    Code.GRANT_NOT_APPROVED: "Its owner has not approved this version of the grant with a passkey.",
    Code.WIDER_THAN_BEFORE: "The new version allows more than the old one. Only its owner can widen a grant.",
    Code.OPENING_STOPPED: "The kill switch is on: nothing is opened. Exits, cancels and look-ups go on.",
    Code.EVERYTHING_STOPPED: "The kill switch is on: look-ups and cancels only.",
    Code.IN_RECOVERY: "The vault's database is older than its head in the key store: look-ups and cancels only, until a"
    " person has run `python -m vault recover`.",
    Code.OVERTAKEN: "Another signer has taken over this vault. This one signs nothing more.",
    Code.HEAD_NOT_WRITTEN: "The key store does not keep the vault's head at present. Nothing is opened until it does.",
    Code.CLOCK_BEHIND: "This machine's clock runs behind what it showed before. Nothing is signed until it catches up.",
    Code.CLOCK_OFF: "This machine's clock differs from the exchange's by more than a request may. Nothing was signed.",
    Code.REAUTHENTICATION_NEEDED: "This takes a person who has just signed in again.",
    Code.PASSKEY_NEEDED: "On a real account this takes the owner's passkey.",
    Code.PASSKEY_REFUSED: "The passkey's answer does not hold.",
    Code.CEREMONY_OVER: "This was answered before, or too late. Start again.",
    Code.CODE_REFUSED: "This code does not count: mistyped, used, or too old. Ask for another on the vault's host.",
    Code.VISIT_OVER: "Your visit to the vault has ended. Come in again.",
    Code.IDENTITY_TAKEN: "This order was sent before with other terms. Use the next generation.",
    Code.GENERATION_ALIVE: "An earlier generation of this order may still be alive.",
    Code.GENERATION_SKIPPED: "Generations count up by one.",
    Code.UNKNOWN_ORDER: "No such order was ever sent under this grant.",
    Code.DEADLINE_PASSED: "Too much time has passed since the request was checked. Nothing was sent.",
    Code.EXCHANGE_NOT_ALLOWED: "This signer does not talk to that exchange.",
    Code.CREDENTIAL_NOT_READY: "The key is not connected, or was removed.",
    Code.SEALED_FORM_INVALID: "The sealed form cannot be opened for this owner and key. Start again.",
    Code.KEY_MALFORMED: "The key or the secret has characters or a length that no key of this exchange has.",
    Code.KEY_REFUSED_BY_EXCHANGE: "The exchange does not accept this key.",
    Code.KEY_CAN_WITHDRAW: "This key can withdraw. Make one without that right and connect it instead.",
    Code.KEY_RIGHTS_UNKNOWN: "The exchange does not say what this key may do. Connect it as another key instead.",
    Code.KEY_OF_ANOTHER_ACCOUNT: "This key belongs to another account. Connect it as another key instead.",
    Code.KEY_CANNOT_TRADE: "This key may not trade. Give it the right to trade on spot, and connect it again.",
    Code.OFF_THE_GRID: "The price is not on a tick, or the amount not on a lot, of this market.",
    Code.REQUEST_NOT_AS_INTENDED: "The request that was built does not say what was asked. Nothing was signed.",
    Code.TOO_MANY_REQUESTS: "This key asks too often.",
    Code.EXCHANGE_BUSY: "The exchange asks for fewer requests. Try again later.",
    Code.EXCHANGE_UNREACHABLE: "The exchange could not be reached. Nothing was sent.",
    Code.EXCHANGE_REFUSED: "The exchange refused.",
    Code.KEYSTORE_UNAVAILABLE: "The key store does not answer. Nothing was signed.",
    Code.LEDGER_UNAVAILABLE: "The ledger cannot be written. Nothing was signed.",
    Code.NOT_READY: "The signer is starting.",
}


class Refused(Exception):
    """No, and asking again will not help: something has to change first. `detail` adds to the sentence."""

    def __init__(self, code: Code, detail: str = "") -> None:
        self.code = code
        self.sentence = SENTENCES[code]
        self.detail = detail
        super().__init__(f"{self.sentence} {detail}".strip())


class Retry(Exception):
    """Not now. Nothing happened; the same request may be made again after `after` seconds."""

    def __init__(self, code: Code, detail: str = "", after: float = 1.0) -> None:
        self.code = code
        self.sentence = SENTENCES[code]
        self.detail = detail
        self.after = after
        super().__init__(f"{self.sentence} {detail}".strip())


class OutcomeUnknown(Exception):
    """It may have happened. Look the order up before anything else is done with it."""
