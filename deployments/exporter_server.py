"""The exporter's HTTP: `/metrics` and `/healthz`, until SIGTERM."""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from types import FrameType
from typing import Any, TypeAlias
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app

from deployments.exporter import PostgresCollector
from deployments.local import configuration
from deployments.local.errors import BadSetting
from deployments.local.folder import DataFolder

PORT = 9105
CLIENT_S_MAX = 10
"""A client that sends nothing for so long is cut off."""

Wsgi: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def run(environment: Mapping[str, str]) -> int:
    """Raises BadSetting. 0 after SIGTERM or Ctrl-C."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    host, port = configuration.exporter_address(environment, PORT)
    server = open_server(host, port, dsn_of(environment))
    print(f"Metrics of Postgres at http://{host}:{server.server_port}/metrics", flush=True)

    def end(_number: int, _frame: FrameType | None) -> None:
        # `shutdown` waits for the loop below, which this handler interrupts.
        threading.Thread(target=server.shutdown).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with server:
        server.serve_forever()
    return 0


def dsn_of(environment: Mapping[str, str]) -> str:
    """FITMATCH_POSTGRES_DSN, else that of the FitMatch that runs in this machine's data folder. Raises BadSetting."""
    given = {name: value for name, value in environment.items() if value}
    if dsn := configuration.postgres_dsn_of(given):
        return dsn
    if running := DataFolder(configuration.data_dir_of(given)).running():
        return running.postgres_dsn
    raise BadSetting("FITMATCH_POSTGRES_DSN is missing: set it, or start `fitmatch run` first.")


def open_server(host: str, port: int, dsn: str) -> WSGIServer:
    """Listens at once, whether or not Postgres answers. Raises BadSetting when it cannot."""
    registry = CollectorRegistry()
    registry.register(PostgresCollector(dsn, metadata.version("fitmatch")))
    try:
        return make_server(host, port, _paths(make_wsgi_app(registry)), ThreadingWSGIServer, handler_class=_Handler)
    except OSError as error:
        raise BadSetting(f"FITMATCH_EXPORTER_PORT: {host}:{port} cannot be used ({error.strerror}).") from error


def _paths(metrics: Wsgi) -> Wsgi:
    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        known = path == "/healthz"
        start_response("200 OK" if known else "404 Not Found", [("Content-Type", "text/plain")])
        return [b"ok" if known else b"there is /metrics and /healthz"]

    return serve


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_S_MAX

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a line for each scrape tells nobody anything."""
