"""Asks the server of this container whether it accepts work: exit status 0 if so, else 1. Standard library alone."""

from __future__ import annotations

import os
import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection

SECONDS = 4.0
"""Longest wait, less than that of the health check."""


def is_ready(port: int) -> bool:
    """Asks over HTTP, and where the server does not speak that over TLS, whose certificate names other hosts."""
    for connection in (
        HTTPConnection("127.0.0.1", port, timeout=SECONDS),
        HTTPSConnection("127.0.0.1", port, timeout=SECONDS, context=ssl._create_unverified_context()),
    ):
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            continue
        finally:
            connection.close()
    return False


if __name__ == "__main__":
    sys.exit(0 if is_ready(int(os.environ.get("STTS_SERVER__PORT") or 8000)) else 1)
