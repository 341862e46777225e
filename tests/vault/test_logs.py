"""Nothing that looks like a secret gets into a log, whichever way it came."""

import logging

import pytest

from vault.logs import Redacted, redacted

SECRETS = [
    "eyJhbGciOiJFZERTQSJ9.eyJncmFudCI6MX0.c2lnbmF0dXJl-_x",
    "hvs.CAESIJ1xkqvK3n2Yq0c1ZzX9abc",
    "s.0123456789abcdefghijABCD",
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----",
]


def line(message, *values, **more):
    made = logging.getLogger("t").makeRecord("t", logging.INFO, "f", 1, message, values, more.get("exc_info"))
    return Redacted("{levelname} {name}: {message}", style="{").format(made)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_message_is_masked(secret):
    assert secret not in line(f"it said {secret}, and then")


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_value_is_masked(secret):
    assert secret not in line("it said %s", {"token": secret})


@pytest.mark.parametrize("secret", SECRETS[:4])
def test_a_secret_in_a_traceback_is_masked(secret):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - any will do
        int(secret)
    told = line("failed", exc_info=caught._excinfo)
    assert "ValueError" in told
    assert secret not in told


def test_a_signature_in_an_address_is_masked():
    assert redacted("GET /order?symbol=BTCUSDT&signature=0123456789abcdef01") == (
        "GET /order?symbol=BTCUSDT&signature=[redacted]"
    )


@pytest.mark.parametrize("text", ["account 4f0c7b1e-3a55-4bd8-9a57-0a1b2c3d4e5f: no answer", "at 50000.123456789"])
def test_what_a_person_needs_stays(text):
    assert line(text) == f"INFO t: {text}"
