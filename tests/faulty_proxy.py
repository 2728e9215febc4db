"""A proxy before an HTTP server that fails as real ones do, when a test says so."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

HOP = {"connection", "content-length", "content-encoding", "transfer-encoding", "host", "date"}
"""Headers that belong to one connection."""


@dataclass
class Fault:
    """What happens to a request, by its method and path and how many there were before it.

    Attributes:
        status: what is answered in the server's stead; None: the server answers.
        lost: whether the server does the work and its answer is lost.
        until: the answer is held back until this is set.
    """

    status: int | None = None
    lost: bool = False
    until: threading.Event | None = None


@dataclass
class Proxy:
    """Stands before a server; `choose` decides about each request, `seen` counts them.

    Attributes:
        target: the server's address.
        choose: `(method, path, number)` to a fault or None; number counts all requests from 0.
        seen: the requests in their order.
    """

    target: str
    choose: Callable[[str, str, int], Fault | None] = lambda method, path, number: None
    seen: list[tuple[str, str]] = field(default_factory=list)
    faults: int = 0
    address: str = ""
    port: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _server: Any = None

    def start(self) -> None:
        """Listen; again on the same port after `stop`."""
        names = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
        methods = {f"do_{name}": lambda request: self._answer(request) for name in names}
        silent = {"log_message": lambda *arguments: None}
        # Each answer closes its connection, so that none outlasts `stop`.
        handler = type("Handler", (BaseHTTPRequestHandler,), {**methods, **silent})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Go away: connections are refused."""
        self._server.shutdown()
        self._server.server_close()

    def wait(self, reached: Callable[["Proxy"], bool], timeout: float = 120) -> None:
        """Wait until the requests so far meet a condition."""
        with self._changed:
            assert self._changed.wait_for(lambda: reached(self), timeout), self.seen[-5:]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        with self._changed:
            number = len(self.seen)
            self.seen.append((request.command, request.path))
            fault = self.choose(request.command, request.path, number) or Fault()
            self.faults += fault != Fault()
            self._changed.notify_all()
        if fault.until is not None:
            fault.until.wait(120)
        if fault.status is not None:
            self._send(request, fault.status, {}, b'{"error_code": "INTERNAL_ERROR"}')
            return
        answer = requests.request(
            request.command,
            self.target + request.path,
            data=body,
            headers={k: v for k, v in request.headers.items() if k.lower() not in HOP},
            timeout=120,
        )
        if fault.lost:
            request.close_connection = True
            request.connection.close()
            return
        self._send(request, answer.status_code, dict(answer.headers), answer.content)

    @staticmethod
    def _send(
        request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        request.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


@contextmanager
def proxy_before(target: str) -> Iterator[Proxy]:
    """A proxy that listens until the block ends."""
    proxy = Proxy(target)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
