"""Metrics of one worker and the port that serves them: ``/metrics``, ``/healthz``, ``/readyz``.

A worker makes one ``Telemetry`` and passes it down. Everything has its own registry, so that tests and several
workers in one process do not meet.
"""

import contextlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from config.errors import UnheardError
from streams.runtime.catalogue import METRICS, MetricSpec

__all__ = ["METRICS", "MetricSpec", "Telemetry"]

LABEL_VALUES_LIMIT: Final = 1_000
OVERFLOW: Final = "other"
_REQUEST_TIMEOUT_S: Final = 5.0


class Telemetry:
    """The metrics of one worker. Names and labels are those of the catalogue; any other is a bug and raises
    KeyError, ValueError or TypeError. A label takes at most ``LABEL_VALUES_LIMIT`` values, the rest count as ``other``.

    Safe to call from several threads.
    """

    def __init__(self, specs: tuple[MetricSpec, ...] = METRICS) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the series, and nobody reads them
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._specs = {spec.name: spec for spec in specs}
        self._metrics = {spec.name: _make(spec, self.registry) for spec in specs if not _waits_for_value(spec)}
        self._making = threading.Lock()
        self._seen: dict[tuple[str, str], set[str]] = {}
        self._ready = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        if "unheard_build_info" in self._metrics:
            self.set("unheard_build_info", 1, version=metadata.version("unheard"))

    def inc(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        metric = self._child(name, labels)
        if not isinstance(metric, Counter):
            raise TypeError(f"{name} is no counter")
        metric.inc(amount)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        metric = self._child(name, labels)
        if not isinstance(metric, Gauge):
            raise TypeError(f"{name} is no gauge")
        metric.set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add an observation to a histogram."""
        metric = self._child(name, labels)
        if not isinstance(metric, Histogram):
            raise TypeError(f"{name} is no histogram")
        metric.observe(value)

    def forget(self, name: str, **labels: str) -> None:
        """Drop a label set that this worker no longer answers for (a revoked partition)."""
        spec = self._specs[name]
        _check_labels(spec, labels)
        with contextlib.suppress(KeyError):
            self._metrics[name].remove(*(labels[label] for label in spec.labels))

    def ready(self, ready: bool = True) -> None:
        """Say whether ``/readyz`` answers 200 (it starts as 503)."""
        if ready:
            self._ready.set()
        else:
            self._ready.clear()

    def render(self) -> bytes:
        """What ``/metrics`` answers (text format 0.0.4)."""
        return generate_latest(self.registry)

    def serve(self, host: str, port: int, alive: Callable[[], bool] = lambda: True) -> int:
        """Serve on a thread of its own and return the port (``port`` 0 takes a free one). ``alive`` decides
        ``/healthz``.

        Raises UnheardError when the port is taken.
        """
        handler = _handler(self.render, alive, self._ready.is_set)
        try:
            server = _Server((host, port), handler)
        except OSError as error:
            raise UnheardError(f"cannot serve metrics on {host}:{port}: {error.strerror or error}") from None
        threading.Thread(target=server.serve_forever, name="metrics", args=(0.1,), daemon=True).start()
        self._server = server
        return int(server.server_address[1])

    def close(self) -> None:
        """Stop serving; the figures stay."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _child(self, name: str, labels: dict[str, str]) -> MetricWrapperBase:
        spec = self._specs[name]
        _check_labels(spec, labels)
        with self._making:
            if name not in self._metrics:
                self._metrics[name] = _make(spec, self.registry)
        if not spec.labels:
            return self._metrics[name]
        return self._metrics[name].labels(*(self._bounded(name, label, labels[label]) for label in spec.labels))

    def _bounded(self, name: str, label: str, value: str) -> str:
        seen = self._seen.setdefault((name, label), set())
        if value in seen:
            return value
        if len(seen) >= LABEL_VALUES_LIMIT:
            return OVERFLOW
        seen.add(value)
        return value


def _check_labels(spec: MetricSpec, labels: dict[str, str]) -> None:
    if labels.keys() != set(spec.labels):
        raise ValueError(f"{spec.name} has labels {spec.labels}, not {tuple(labels)}")


def _waits_for_value(spec: MetricSpec) -> bool:
    """An unlabelled gauge would say 0 for a worker that does not know the figure."""
    return spec.kind == "gauge" and not spec.labels


def _make(spec: MetricSpec, registry: CollectorRegistry) -> MetricWrapperBase:
    match spec.kind:
        case "counter":
            return Counter(spec.name, spec.help, spec.labels, registry=registry)
        case "gauge":
            return Gauge(spec.name, spec.help, spec.labels, registry=registry)
        case "histogram":
            return Histogram(spec.name, spec.help, spec.labels, buckets=spec.buckets, registry=registry)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Two workers must not share a port unnoticed; a port in TIME_WAIT may still be taken again.
    allow_reuse_port = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is nobody's error."""


def _handler(
    render: Callable[[], bytes], alive: Callable[[], bool], ready: Callable[[], bool]
) -> type[BaseHTTPRequestHandler]:
    def answer(path: str) -> tuple[int, str, bytes]:
        match path:
            case "/metrics":
                return 200, CONTENT_TYPE_PLAIN_0_0_4, render()
            case "/healthz":
                return _state(alive(), "alive", "stalled")
            case "/readyz":
                return _state(ready(), "ready", "not ready")
        return 404, "text/plain", b"/metrics, /healthz, /readyz\n"

    class Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_TIMEOUT_S

        def do_GET(self) -> None:  # the name that http.server calls
            status, content_type, body = answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Scrapes are no news."""

    return Handler


def _state(good: bool, yes: str, no: str) -> tuple[int, str, bytes]:
    return (200 if good else 503), "text/plain", f"{yes if good else no}\n".encode()
