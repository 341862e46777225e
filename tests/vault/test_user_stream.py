"""What is signed for a private stream, and what is read from one."""

import contextlib
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.messages.refusals import Refused
from vault.signing.outcomes import Rejected
from vault.signing.user_stream import Heard, Subscription, heard, subscribed

KEY = "k" * 64


@given(st.text(max_size=130), st.integers(-(2**70), 2**70), st.integers(-(2**70), 2**70))
def test_whatever_is_signed_is_a_subscription_and_nothing_else(api_key, timestamp, recv_window):
    subscription = Subscription(api_key=api_key, timestamp=timestamp, recv_window=recv_window)
    with contextlib.suppress(Refused):
        names = [part.split(b"=")[0] for part in subscription.payload().split(b"&")]
        assert names == [b"apiKey", b"recvWindow", b"timestamp"]


@pytest.mark.parametrize("mac", ["", "0" * 63, "0" * 64 + '"', "G" * 64, "vault:v1:abc="])
def test_what_is_no_mac_is_not_sent(mac):
    with pytest.raises(Refused):
        Subscription(api_key=KEY, timestamp=1, recv_window=5000).request(mac)


def test_a_subscription_does_not_show_or_pickle_its_key():
    made = Subscription(api_key=KEY, timestamp=1, recv_window=5000)
    assert KEY not in repr(made)
    with pytest.raises(TypeError):
        pickle.dumps(made)


@pytest.mark.parametrize(
    ("error", "status", "busy"),
    [((-2015, "Invalid API-key"), 401, False), ((-1021, "Timestamp"), 400, True), ((-1003, "Too much"), 429, True)],
)
def test_a_refused_subscription_says_whether_the_same_may_pass_later(error, status, busy):
    frame = {"id": "subscribe", "status": status, "error": {"code": error[0], "msg": error[1]}}
    with pytest.raises(Rejected) as caught:
        subscribed(json.dumps(frame))
    assert caught.value.busy is busy


@pytest.mark.parametrize("kind", ["eventStreamTerminated", "serverShutdown"])
def test_a_stream_may_say_that_it_ends(kind):
    assert heard(json.dumps({"event": {"e": kind, "E": 1}}), 0) == Heard(over=True)


def test_that_an_order_is_new_is_no_news():
    new = {"subscriptionId": 0, "event": {"e": "executionReport", "s": "BTCUSDT", "x": "NEW"}}
    assert heard(json.dumps(new), 0) is None


@given(st.text() | st.binary().map(repr))
def test_no_frame_is_too_odd_to_be_read(text):
    heard(text, 0)
    subscribed(text)
