"""Refusals, with Binance's codes and words."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class Refusal(Exception):
    """An answer `{"code": ..., "msg": ...}` with an HTTP status."""

    def __init__(
        self,
        code: int,
        message: str,
        status: int = HTTPStatus.BAD_REQUEST,
        *,
        retry_after: int | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = int(status)
        self.retry_after = retry_after
        self.data = data

    def body(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"code": self.code, "msg": self.message}
        return answer if self.data is None else {**answer, "data": self.data}


def unknown_error() -> Refusal:
    return Refusal(
        -1000,
        "An unknown error occurred while processing the request.",
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def too_much_weight(limit: int, retry_after: int) -> Refusal:
    return Refusal(
        -1003,
        f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        HTTPStatus.TOO_MANY_REQUESTS,
        retry_after=retry_after,
    )


def too_many_orders(limit: int, retry_after: int) -> Refusal:
    return Refusal(
        -1015,
        f"Too many new orders; current limit is {limit} orders per 10 SECOND.",
        HTTPStatus.TOO_MANY_REQUESTS,
        retry_after=retry_after,
    )


def filter_failure(name: str) -> Refusal:
    return Refusal(-1013, f"Filter failure: {name}")


def timestamp_late() -> Refusal:
    return Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def timestamp_ahead() -> Refusal:
    return Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def bad_signature() -> Refusal:
    return Refusal(-1022, "Signature for this request is not valid.")


def illegal_characters(name: str, legal: str) -> Refusal:
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def duplicate_parameter() -> Refusal:
    return Refusal(-1101, "Duplicate values for a parameter detected.")


def missing(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def missing_either(first: str, second: str) -> Refusal:
    return Refusal(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def unread(read: int, sent: int) -> Refusal:
    return Refusal(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")


def empty(name: str) -> Refusal:
    return Refusal(-1105, f"Parameter '{name}' was empty.")


def not_required(name: str) -> Refusal:
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def too_precise(name: str) -> Refusal:
    return Refusal(-1111, f"Parameter '{name}' has too much precision.")


def invalid(code: int, what: str) -> Refusal:
    """-1115 timeInForce, -1116 orderType, -1117 side, -1120 interval, -1121 symbol."""
    return Refusal(code, f"Invalid {what}.")


def not_valid(name: str) -> Refusal:
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")


def insufficient_balance() -> Refusal:
    return Refusal(-2010, "Account has insufficient balance for requested action.")


def duplicate_order() -> Refusal:
    return Refusal(-2010, "Duplicate order sent.")


def would_take() -> Refusal:
    return Refusal(-2010, "Order would immediately match and take.")


def unknown_order() -> Refusal:
    return Refusal(-2011, "Unknown order sent.")


def no_such_order() -> Refusal:
    return Refusal(-2013, "Order does not exist.")


def key_format() -> Refusal:
    return Refusal(-2014, "API-key format invalid.", HTTPStatus.UNAUTHORIZED)


def key_or_permissions() -> Refusal:
    return Refusal(-2015, "Invalid API-key, IP, or permissions for action.", HTTPStatus.UNAUTHORIZED)


def malformed_json() -> Refusal:
    return Refusal(-1135, "Invalid JSON Request")


def unsupported() -> Refusal:
    return Refusal(-1020, "This operation is not supported.")


def already_subscribed() -> Refusal:
    return Refusal(-2035, "User Data Stream subscription already active.")
