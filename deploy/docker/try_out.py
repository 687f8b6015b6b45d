"""Starts the server of an image while that is built, lets it speak and listen, and stops it: `try_out.py FOLDER`.

An image that cannot do so is not made, and Python leaves compiled files of all that was imported beside it.
"""

from __future__ import annotations

import compileall
import os
import socket
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

SECONDS = 300.0
"""Longest wait for the start."""
WORDS = "The weather is fine today."


def call(port: int, method: str, path: str, body: bytes | None = None, kind: str = "") -> bytes:
    """The body of an answer. Raises SystemExit where that is an error."""
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        sys.exit(f"{method} {path}: {answer.status} {data[:500]!r}")
    return data


def wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("the server did not start")


def form(audio: bytes) -> tuple[bytes, str]:
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="words.wav"\r\n\r\n'
    return head + audio + b"\r\n--cut--\r\n", "multipart/form-data; boundary=cut"


def try_out(folder: Path, data: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "STTS_STORAGE__ROOT": data, "STTS_SERVER__PORT": str(port)}
    command = [sys.executable, str(folder / "server_v2.py")]
    with subprocess.Popen(command, cwd=folder, env=environment) as server:
        try:
            wait_for(server, port)
            audio = call(port, "POST", "/tts", b'{"text": "%b", "stream": false}' % WORDS.encode(), "application/json")
            heard = call(port, "POST", "/stt", *form(audio))
            if b"weather" not in heard.lower():
                sys.exit(f"heard {heard!r}")
        finally:
            server.terminate()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    compileall.compile_dir(folder, quiet=1)
    with tempfile.TemporaryDirectory() as data:
        try_out(folder, data)
