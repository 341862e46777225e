"""The paper exchange's control socket, for tests."""

import http.client
import json
import socket


class UnixSocket(http.client.HTTPConnection):
    """HTTP on a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class PaperControl:
    """Opens accounts, injects faults, moves prices."""

    def __init__(self, path):
        self._path = path

    def call(self, method, path, body=None):
        connection = UnixSocket(self._path)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer = json.loads(response.read() or b"null")
        finally:
            connection.close()
        assert response.status < 300, f"{method} {path}: {response.status} {answer}"
        return answer

    def open_account(self, rights=("trade",), **balances):
        return self.call(
            "POST", "/accounts", {"rights": list(rights), "balances": balances or {"USDT": "10000", "BTC": "1"}}
        )

    def fault(self, on, do, times=1, **more):
        return self.call("POST", "/faults", {"on": on, "do": do, "times": times, **more})["id"]

    def wait_for_fault(self, fault, count=1, timeout=60):
        return self.call("POST", f"/faults/{fault}/wait", {"count": count, "timeout": timeout})

    def clear_faults(self):
        return self.call("DELETE", "/faults")

    def orders(self, account):
        return self.call("GET", f"/accounts/{account}/orders")

    def set_price(self, symbol, price):
        return self.call("POST", "/price", {"symbol": symbol, "price": str(price)})
