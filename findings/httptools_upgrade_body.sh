#!/usr/bin/env bash
# httptools 0.9.0: the body behind an offer to upgrade never reaches the caller.
#
# Good guess: a server may ignore `Upgrade: h2c` (RFC 9110, 7.8), so a parser that meets a POST with such an offer still
#   reports its body, and the server decides.
# Seen: once the head is complete the parser raises HttpParserUpgrade and takes the message for finished; `on_body` is not
#   called, neither for bytes in the same read nor for those of the next, which are read as the head of another request.
# Why it matters: stock Java and Kotlin clients and `curl --http2` offer h2c with the first request of a connection, and
#   servers built on the parser then see an empty body. A way out: read the head again, without the offer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "httptools==0.9.0"
"$folder/venv/bin/python" - <<'PY'
import httptools

BODY = b'{"text": "Hello."}'
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%%b\r\n" % len(BODY)
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"


class Seen:
    def __init__(self):
        self.body, self.complete = b"", 0

    def on_body(self, data):
        self.body += data

    def on_message_complete(self):
        self.complete += 1


def read(*packets):
    seen, raised = Seen(), []
    parser = httptools.HttpRequestParser(seen)
    for packet in packets:
        try:
            parser.feed_data(packet)
        except (httptools.HttpParserUpgrade, httptools.HttpParserError) as error:
            raised.append(type(error).__name__)
    return seen.body, seen.complete, raised


assert read(HEAD % b"" + BODY) == (BODY, 1, []), "without an offer"
assert read(HEAD % OFFER + BODY) == (b"", 1, ["HttpParserUpgrade"]), "in one read"
body, complete, raised = read(HEAD % OFFER, BODY)
assert (body, complete, raised[0]) == (b"", 1, "HttpParserUpgrade") and len(raised) == 2, (body, complete, raised)
print("as described: the body behind an offer to upgrade is lost")
PY
