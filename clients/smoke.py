"""`python -m clients.smoke URL [--key KEY]`: tries every endpoint of a running server and says what answers.

Prints a line for each: method, path, status, milliseconds, and a word on what came; the audio is decoded and measured.
Ends with 1 if something that should answer did not. Routes of the server that are not known here are named, not tried.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from clients.caller import Caller
from clients.checks.visit import Check, Failed, Visit
from clients.endpoints import CHECKS

METHODS = ("get", "post", "put", "patch", "delete")
WIDEST = 110
"""Characters of a word on what came."""


@dataclass(frozen=True, slots=True)
class Line:
    method: str
    path: str
    status: int | None
    """HTTP status; 0: no answer, None: not asked."""
    seconds: float
    word: str
    ok: bool

    def __str__(self) -> str:
        mark = "ok  " if self.ok else "FAIL"
        status = "---" if not self.status else str(self.status)
        word = self.word if len(self.word) <= WIDEST else f"{self.word[:WIDEST]}..."
        return f"{mark} {self.method:6} {self.path:28} {status} {self.seconds * 1000:8.1f} ms  {word}"


def smoke(caller: Caller) -> Iterator[Line]:
    """One line for each endpoint, as it is tried."""
    document = caller.ask("GET", "/openapi.json")
    body = document.json()
    if not document.ok or not isinstance(body, dict) or "paths" not in body:
        yield Line("GET", "/openapi.json", document.status, document.seconds, document.complaint(), False)
        return
    offered = set(operations(body["paths"]))
    yield Line("GET", "/openapi.json", document.status, document.seconds, f"{len(offered)} endpoints", True)
    visit = Visit(caller)
    for (method, path), check in CHECKS.items():
        if (method, path) in offered:
            yield _try(visit, method, path, check)
        else:
            yield Line(method, path, None, 0.0, "the server does not offer it", False)
    for method, path in sorted(offered - CHECKS.keys()):
        yield Line(method, path, None, 0.0, "not tried: not known here", True)


def operations(paths: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    """Method and path of everything in the `paths` of an OpenAPI document."""
    for path, methods in paths.items():
        yield from ((method.upper(), path) for method in methods if method in METHODS)


def _try(visit: Visit, method: str, path: str, check: Check) -> Line:
    visit.answers.clear()
    try:
        word, ok = check(visit), True
    except Failed as failed:
        word, ok = str(failed), False
    except (KeyError, TypeError, ValueError) as error:
        word, ok = f"an answer of another shape: {error!r}", False
    last = visit.answers[-1].status if visit.answers else None
    return Line(method, path, last, sum(answer.seconds for answer in visit.answers), word, ok)


def report(lines: Iterable[Line]) -> int:
    """Prints the lines as they come, then the sum; returns the exit status."""
    tried = []
    for line in lines:
        print(line, flush=True)
        tried.append(line)
    failed = sum(not line.ok for line in tried)
    print(f"\n{len(tried) - failed} answer, {failed} fail" if failed else f"\nall {len(tried)} answer")
    return int(failed > 0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m clients.smoke", description=__doc__)
    parser.add_argument("url", metavar="URL", help="for example http://127.0.0.1:8000")
    parser.add_argument("--key", help="the server's API key")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds to wait for an answer")
    options = parser.parse_args(arguments)
    return report(smoke(Caller(options.url, options.key, options.timeout)))


if __name__ == "__main__":
    sys.exit(main())
