#!/usr/bin/env bash
# websockets 17.4, the blocking client (`websockets.sync.client`) over TLS 1.3, on CPython with its ssl module
# Good guess: `wss://` differs from `ws://` by encryption alone: a blocking client that holds without TLS holds with it.
# Seen: its own thread waits in SSL_read from the first moment on, while the caller writes with SSL_write: two threads
#   in one TLS connection, which OpenSSL does not allow and the ssl module does not prevent. After the handshake the
#   server sends session tickets; who writes a request while the other thread takes them in may lose it. Its answer then
#   never comes (TimeoutError after open_timeout), or the process waits for ever in the `join()` behind that, or SIGABRT
#   ends it. With the usual two tickets that met one connection in some hundred or thousand on a busy machine, with 50
#   (any number is valid) nearly every run of this script. The asyncio client does all in one thread.
# Matters: a command or a test that talks `wss://` by the blocking client hangs now and then, on busy machines first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "websockets==17.4"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/key.pem" -out "$folder/cert.pem" -days 2 \
    -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost" 2>/dev/null
cat > "$folder/talk.py" <<'PYTHON'
import asyncio
import os
import ssl
import sys
import threading
import time

from websockets.asyncio.server import ServerConnection, serve
from websockets.sync.client import connect

SECONDS, GIVEN_UP, CLIENTS, TICKETS = 8.0, 5.0, 4, 50
WITH_TLS = sys.argv[1] == "wss"
begun, port = threading.Event(), 0


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def server() -> None:
    global port
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain("cert.pem", "key.pem")
    tls.num_tickets = TICKETS
    async with serve(echo, "127.0.0.1", 0, ssl=tls if WITH_TLS else None) as there:
        port = there.sockets[0].getsockname()[1]
        begun.set()
        await asyncio.Event().wait()


threading.Thread(target=asyncio.run, args=(server(),), daemon=True).start()
begun.wait()
address = f"{sys.argv[1]}://localhost:{port}"
options = {"ssl": ssl.create_default_context(cafile="cert.pem")} if WITH_TLS else {}
end, good, failed = time.monotonic() + SECONDS, [], []


def talk() -> None:
    while time.monotonic() < end:
        try:
            with connect(address, open_timeout=GIVEN_UP, close_timeout=GIVEN_UP, **options) as connection:
                connection.send("Hello.")
                good.append(connection.recv(timeout=GIVEN_UP))
        except Exception as error:
            failed.append(error)


clients = [threading.Thread(target=talk, daemon=True) for _ in range(CLIENTS)]
for client in clients:
    client.start()
for client in clients:
    client.join(max(0.0, end + 2 * GIVEN_UP - time.monotonic()))
stuck = sum(client.is_alive() for client in clients)
print(f"{sys.argv[1]}: {len(good)} connections, {len(failed)} failed, {stuck} stuck", flush=True)
# Threads that are stuck would keep it from ending.
os._exit(1 if failed or stuck else 0)
PYTHON
cd "$folder"
env/bin/python talk.py ws || { echo "without TLS, too"; exit 1; }
for _ in 1 2 3 4 5 6; do
    code=0
    env/bin/python talk.py wss 2>/dev/null || code=$?
    if [ "$code" != 0 ]; then
        echo "as seen (status $code)"
        exit 0
    fi
done
echo "nothing failed in six runs: the guess may be right now"
exit 1
