"""Requests to an exchange or the key store: sent once, answered whole, or known not to have been sent."""

import asyncio
import contextlib
import gzip
import socket
import threading
import time

import pytest
import uvloop

from vault.peer import Address, NoAnswer, NotConnected, Peer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request by the next of `script`: bytes, or what to do with the connection."""

    def __init__(self, *script):
        self.script = list(script)
        self.requests = []
        self.asked = asyncio.Event()
        self.connections = 0
        self._writers = []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(line[15:]) for line in head.split(b"\r\n") if line[:15] == b"Content-Length:"), 0)
                self.requests.append(head + await reader.readexactly(length))
                self.asked.set()
                answer = self.script.pop(0) if self.script else OK
                if answer == "hang up":
                    break
                if answer == "say nothing":
                    continue
                writer.write(answer)
                await writer.drain()
                if answer.endswith(b"cut"):
                    break
        writer.close()

    async def hang_up(self):
        for writer in self._writers:
            writer.close()
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def asking(*script, seconds=5, most=4):
    async with Server(*script) as server:
        address = Address(host="127.0.0.1", port=server.port)
        peer = Peer(address, timeout=seconds, most=most, headers={"X-Always": "yes"})
        try:
            yield server, peer
        finally:
            peer.close()


def run(coroutine):
    return asyncio.run(coroutine)


async def post(peer, body=b"a=1"):
    return await peer.ask("POST", "/order?x=%2B", {"X-Own": "1"}, body)


def test_what_is_sent_is_what_was_given():
    async def story():
        async with asking() as (server, peer):
            answer = await post(peer)
            return server, answer

    server, answer = run(story())
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"ok")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /order?x=%2B HTTP/1.1"
    assert sorted(lines[1:]) == sorted(
        [
            *(b"Host: 127.0.0.1:%d" % server.port, b"Accept: */*", b"X-Always: yes", b"X-Own: 1"),
            b"Content-Length: 3",
        ]
    )
    assert body == b"a=1"


def test_a_connection_is_kept_for_the_next_request():
    async def story():
        async with asking() as (server, peer):
            for _ in range(3):
                await post(peer)
            return server

    assert run(story()).connections == 1


@pytest.mark.parametrize(
    "parts",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(gzip.compress(b"ok", mtime=0))
        + gzip.compress(b"ok", mtime=0),
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    ],
    ids=["chunked", "gzip", "100 first"],
)
def test_an_answer_is_read_however_it_is_written(parts):
    async def story():
        async with asking(parts) as (_, peer):
            return await post(peer)

    answer = run(story())
    assert (answer.status, answer.body) == (200, b"ok")


def test_headers_are_found_in_lower_case():
    async def story():
        async with asking(b"HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n") as (_, peer):
            return await post(peer)

    answer = run(story())
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")


def test_what_is_said_before_the_answer_proper_is_none_of_its_headers():
    async def story():
        async with asking(b"HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n\r\n" + OK) as (_, peer):
            return await post(peer)

    answer = run(story())
    assert (answer.status, "retry-after" in answer.headers) == (200, False)


def test_a_redirect_is_an_answer_like_any_other():
    async def story():
        moved = b"HTTP/1.1 307 Elsewhere\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
        async with asking(moved) as (server, peer):
            return server, await post(peer)

    server, answer = run(story())
    assert (answer.status, len(server.requests)) == (307, 1)


@pytest.mark.parametrize(
    "answer",
    [
        "hang up",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ncut",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncut",
        b"HTTP/1.1 200 OK\r\n\r\nwithout a length: cut",
        b"what is this? cut",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
    ],
    ids=["hung up", "too short", "chunk cut", "no length", "no HTTP", "not gzip", "two lengths"],
)
def test_an_answer_that_is_not_whole_is_none_and_nothing_is_sent_again(answer):
    async def story():
        async with asking(answer) as (server, peer):
            with pytest.raises(NoAnswer):
                await post(peer)
            first = len(server.requests)
            await post(peer)
            return first, server

    first, server = run(story())
    assert first == 1
    assert server.connections == 2, "the connection is not used again"


def test_an_answer_that_takes_too_long_is_none_and_is_not_taken_for_the_next():
    async def story():
        async with asking("say nothing", seconds=0.1) as (server, peer):
            with pytest.raises(NoAnswer, match="TimeoutError"):
                await post(peer)
            await post(peer)
            return server

    assert run(story()).connections == 2


def test_what_nobody_asked_for_is_not_taken_for_the_next_answer():
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"

    async def story():
        async with asking(OK + forged) as (server, peer):
            first, second = await post(peer), await post(peer)
            return first.body, second.body, server.connections

    assert run(story()) == (b"ok", b"ok", 2)


def test_who_gives_up_leaves_no_answer_behind_for_somebody_else():
    async def story():
        async with asking("say nothing") as (server, peer):
            asked = asyncio.create_task(post(peer))
            await server.asked.wait()
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            answer = await post(peer)
            return answer.body, server.connections

    assert run(story()) == (b"ok", 2)


def test_a_connection_that_was_closed_meanwhile_is_not_used():
    async def story():
        async with asking() as (server, peer):
            await post(peer)
            await server.hang_up()
            for _ in range(10):
                await asyncio.sleep(0)  # what was hung up is noticed in the loop's next rounds
            answer = await post(peer)
            return answer.body, len(server.requests)

    assert run(story()) == (b"ok", 2)


def test_an_answer_that_ends_the_connection_is_the_last_on_it():
    async def story():
        last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
        async with asking(last) as (server, peer):
            await post(peer)
            await post(peer)
            return server

    assert run(story()).connections == 2


def test_where_nobody_listens_nothing_was_sent():
    async def story():
        async with asking() as (server, peer):
            await server.__aexit__()
            with pytest.raises(NotConnected):
                await post(peer)

    run(story())


def test_a_server_that_shows_no_certificate_of_its_own_is_told_nothing():
    async def story():
        async with Server() as server:
            address = Address(host="localhost", port=server.port, tls=True)
            peer = Peer(address, timeout=2, connect_timeout=1, most=1, headers={})
            with pytest.raises(NotConnected):
                await post(peer)
            return server

    assert run(story()).requests == []


@pytest.mark.parametrize(
    ("target", "value"),
    [("/a b", "1"), ("/a\r\nX: 1", "1"), ("/ä", "1"), ("/a", "1\r\nX: 1"), ("/a", "ä"), ("/a", "1\0")],
)
def test_nothing_is_smuggled_into_a_request(target, value):
    async def story():
        async with asking() as (server, peer):
            with pytest.raises(NotConnected):
                await peer.ask("GET", target, {"X-Own": value})
            return server

    assert run(story()).connections == 0


def test_no_more_connections_than_allowed_are_opened():
    async def story():
        async with asking(most=2) as (server, peer):
            answers = await asyncio.gather(*(post(peer) for _ in range(10)))
            return server, answers

    server, answers = run(story())
    assert [answer.body for answer in answers] == [b"ok"] * 10
    assert server.connections == 2


def test_whose_turn_does_not_come_in_time_has_sent_nothing():
    async def story():
        async with asking("say nothing", seconds=0.2, most=1) as (server, peer):
            both = await asyncio.gather(post(peer), post(peer), return_exceptions=True)
            return server, both

    server, (first, second) = run(story())
    assert (type(first), type(second)) == (NoAnswer, NotConnected)
    assert len(server.requests) == 1


def test_an_answer_that_came_while_the_loop_was_held_up_past_the_limit_is_read():
    limit = 0.2
    heard, held_up, answered = threading.Event(), threading.Event(), threading.Event()

    def answer():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            heard.set()
            held_up.wait(60)
            connection.sendall(OK)
            answered.set()

    def hold_up():
        """As a disk does that is slow to say that it has written."""
        held_up.set()
        until = time.monotonic() + 2 * limit
        answered.wait(60)
        while time.monotonic() < until:
            pass

    async def ask():
        peer = Peer(Address(host="127.0.0.1", port=listener.getsockname()[1]), timeout=limit, most=1, headers={})
        asked = asyncio.create_task(post(peer))
        await asyncio.to_thread(heard.wait)
        hold_up()
        try:
            return (await asked).body
        finally:
            peer.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, daemon=True).start()
        assert uvloop.run(ask()) == b"ok"
