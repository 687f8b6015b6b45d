#!/usr/bin/env bash
# requests 2.34.2: a server that falls silent in the middle of a body
# Guess: with `timeout=(connect, read)` any silence longer than `read` is a requests.Timeout, whether it comes before the
#   headers or in the middle of the body.
# Seen: before the headers it is ReadTimeout. In the middle of a streamed body (`iter_content`) it is
#   requests.ConnectionError, which is no Timeout, with urllib3's ReadTimeoutError as its first argument.
# Matters: code that catches Timeout to say "it said nothing for too long", or to retry only that, takes a stalled
#   download for a broken connection.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "requests==2.34.2"
"$folder/env/bin/python" - <<'PYTHON'
import socket
import threading

import requests
from urllib3.exceptions import ReadTimeoutError

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"


def stalled(sent: bytes) -> Exception:
    """What a client gets of a server that sends so much and then nothing."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(sent)
                ended.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            with requests.get(url, timeout=(5, 0.5), stream=True) as answer:
                list(answer.iter_content(100))
        except requests.RequestException as error:
            return error
        finally:
            ended.set()
            thread.join()
    raise AssertionError("it did not stall")


before, within = stalled(b""), stalled(HEAD + b"x" * 100)
print(type(before).__name__, type(within).__name__)
assert isinstance(before, requests.Timeout)
assert isinstance(within, requests.ConnectionError) and not isinstance(within, requests.Timeout)
assert isinstance(within.args[0], ReadTimeoutError)
PYTHON
echo "as it was"
