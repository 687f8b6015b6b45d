#!/usr/bin/env bash
# elevenlabs 2.78.0: `convert_realtime` with a base URL of http
# Guess: a client whose `base_url` is http://host speaks plain HTTP and, for its sockets, plain ws://host, as its
#   streaming recogniser (`speech_to_text.realtime`) does.
# Seen: `text_to_speech.convert_realtime` puts wss in the place of whatever scheme the base URL has. A server that
#   listens in the clear gets the beginning of a TLS handshake, and the call raises an error of the connection or of
#   TLS that names neither; the same client's `convert` and its recogniser reach that server.
# Matters: a server of one's own, a proxy within a container or a test cannot be reached by this one call without TLS
#   and a certificate that the client trusts; what looks like a broken server is the address.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "elevenlabs==2.78.0"
"$folder/env/bin/python" - <<'PYTHON'
import asyncio
import socket
import threading
from collections.abc import Callable

from elevenlabs import AudioFormat, ElevenLabs

PLAIN = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 3\r\n\r\nabc"
REFUSED = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def first_bytes(call: Callable[[ElevenLabs], object], answer: bytes) -> tuple[bytes, str]:
    """The first bytes that a server in the clear gets from a call, and what the call raises, by its type."""
    got = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                got.append(connection.recv(65536))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        raised = ""
        try:
            call(ElevenLabs(api_key="key", base_url=f"http://127.0.0.1:{server.getsockname()[1]}", timeout=10))
        except Exception as error:
            raised = type(error).__name__
        thread.join()
    return got[0], raised


def whole(client: ElevenLabs) -> object:
    return b"".join(client.text_to_speech.convert("voice", text="Hello."))


def realtime(client: ElevenLabs) -> object:
    return b"".join(client.text_to_speech.convert_realtime("voice", text=iter(["Hello."])))


def recogniser(client: ElevenLabs) -> object:
    options = {"model_id": "scribe_v2_realtime", "audio_format": AudioFormat.PCM_16000, "sample_rate": 16000}
    return asyncio.run(client.speech_to_text.realtime.connect(options))


for call, answer in ((whole, PLAIN), (recogniser, REFUSED), (realtime, REFUSED)):
    began, raised = first_bytes(call, answer)
    print(call.__name__, began[:24], raised)
    if call is realtime:
        assert began.startswith(b"\x16\x03"), "no TLS handshake: the guess is right now"
        assert raised in ("SSLError", "SSLEOFError", "ConnectionResetError"), raised
    else:
        assert began.startswith((b"POST /v1/text-to-speech/voice", b"GET /v1/speech-to-text/realtime")), began
PYTHON
echo "as it was"
