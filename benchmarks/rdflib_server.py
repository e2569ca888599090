"""The straightforward way to serve a graph: rdflib in memory behind Python's own HTTP server.

    python -m benchmarks.rdflib_server PORT SECONDS FILE.nt [FILE.nt ...]

One query at a time, in the main thread, where a signal can end it after SECONDS (504): rdflib itself knows no limit,
and its threads would share one processor anyway.
"""

from __future__ import annotations

import queue
import signal
import sys
import threading
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from urllib.parse import parse_qs, urlsplit

from rdflib import Graph

_Job = tuple[str, "Future[tuple[int, str, bytes]]"]
_JOBS: queue.SimpleQueue[_Job] = queue.SimpleQueue()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        job: _Job = parse_qs(urlsplit(self.path).query)["query"][0], Future()
        _JOBS.put(job)
        status, media_type, body = job[1].result()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _RdflibServer(ThreadingHTTPServer):
    request_queue_size = 128


def _answer(graph: Graph, text: str) -> tuple[int, str, bytes]:
    result = graph.query(text)
    if result.type in ("CONSTRUCT", "DESCRIBE"):
        return 200, "application/n-triples", result.serialize(format="nt", encoding="utf-8") or b""
    return 200, "application/sparql-results+json", result.serialize(format="json", encoding="utf-8") or b""


def _stop(number: int, frame: FrameType | None) -> None:
    raise TimeoutError


def main(port: int, seconds: float, files: list[str]) -> None:
    """Load the files, then serve them."""
    graph = Graph()
    for file in files:
        graph.parse(file, format="nt")
    server = _RdflibServer(("127.0.0.1", port), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.signal(signal.SIGALRM, _stop)
    while True:
        text, answer = _JOBS.get()
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            found = _answer(graph, text)
            signal.setitimer(signal.ITIMER_REAL, 0)
        except TimeoutError:
            found = 504, "text/plain", b""
        except Exception as error:  # noqa: BLE001 - whatever rdflib raises, the server goes on
            signal.setitimer(signal.ITIMER_REAL, 0)
            found = 500, "text/plain", repr(error).encode()
        answer.set_result(found)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
