"""A small real HTTP server behind the edge: says what reached it, waits when told, fails when told."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Backend(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.release = threading.Event()
        """Ends the waiting of `/wait`."""
        self.waiting = threading.Semaphore(0)
        """Released by each request that has begun to wait."""
        self.came: Counter[str] = Counter()
        """By X-Request-Id. `X-First` says how the first of them ends: `die`: no answer, `500`: Serve's words."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving() -> Iterator[Backend]:
    backend = Backend()
    thread = threading.Thread(target=backend.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield backend
    finally:
        backend.release.set()
        backend.shutdown()
        backend.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Backend

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        request_id = self.headers.get("X-Request-Id", "")
        self.server.came[request_id] += 1
        first = self.headers.get("X-First") if self.server.came[request_id] == 1 else None
        if first == "500":
            self._answer(500, "text/plain", b"Serve's own words")
            return
        if path == "/wait":
            self.server.waiting.release()
            self.server.release.wait(30)
        if path == "/die" or first == "die":
            self.close_connection = True
            return
        if path.startswith("/text/"):
            self._answer(int(path.removeprefix("/text/")), "text/plain", b"Serve's own words")
            return
        said = {"path": self.path, "headers": [[name.lower(), value] for name, value in self.headers.items()]}
        self._answer(200, "application/json", json.dumps(said).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.do_GET()

    def do_PATCH(self) -> None:
        self.do_POST()

    def _answer(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        # The edge closes its connections without a word.
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the tests look at the edge's log."""
