"""Between a PostgreSQL server and its clients: passes everything on, and can be told to lose one commit."""

import contextlib
import shutil
import socket
import tempfile
import threading
from pathlib import Path

_NAME = ".s.PGSQL.5432"


class Relay:
    """A unix socket in a folder of its own, in which a server's socket is looked for."""

    def __init__(self, server):
        self.folder = Path(tempfile.mkdtemp(prefix="bp-relay-"))
        self._server = str(server / _NAME)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / _NAME))
        self._listener.listen()
        self._armed = None
        self._pairs = []
        self.lost = threading.Event()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def lose(self, what, mark, then=lambda: None):
        """Lose the `question` or the `answer` of the next commit of whoever has said `mark`, and do something then."""
        self.lost.clear()
        self._armed = (what, mark, then)

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for pair in self._pairs:
            pair.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self._server)
                except OSError:  # it is away
                    client.close()
                    server.close()
                    continue
                self._pairs.append(_Pair(self, client, server))

    def armed_for(self, said):
        """What to lose of a connection that has said this."""
        return self._armed[0] if self._armed and self._armed[1] in said else None

    def fire(self):
        _, _, then = self._armed
        self._armed = None
        then()
        self.lost.set()


class _Pair:
    def __init__(self, relay, client, server):
        self._relay, self._client, self._server = relay, client, server
        self._said = b""
        self._losing = None
        self._pumps = [threading.Thread(target=pump, daemon=True) for pump in (self._forth, self._back)]
        for pump in self._pumps:
            pump.start()

    def close(self):
        self._hang_up()
        for pump in self._pumps:
            pump.join()
        self._client.close()
        self._server.close()

    def _forth(self):
        with contextlib.suppress(OSError):
            while data := self._client.recv(65536):
                self._said = self._said[-200_000:] + data
                if b"COMMIT" in data:
                    self._losing = self._relay.armed_for(self._said)
                    self._said = b""
                if self._losing == "question":
                    self._hang_up()
                    self._relay.fire()
                    return
                self._server.sendall(data)
        self._hang_up()

    def _back(self):
        with contextlib.suppress(OSError):
            while data := self._server.recv(65536):
                if self._losing == "answer":
                    self._hang_up()
                    self._relay.fire()
                    return
                self._client.sendall(data)
        self._hang_up()

    def _hang_up(self):
        for each in (self._client, self._server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
