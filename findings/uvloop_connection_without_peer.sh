#!/usr/bin/env bash
# uvloop 0.23.0 on Linux, a TCP server whose clients leave before they are accepted
# Good guess: a connection whose client has reset it before `accept` is not handed to the protocol, or at least has an
#   address: every TCP connection came from somewhere.
# Seen: Linux keeps such a connection in the queue of the listener together with what its client had sent.
#   `connection_made` is called, and `data_received` gets the whole request. asyncio's own loop still tells the address,
#   which `accept` has returned; uvloop asks for it later, and its `peername` is None. So None is not only what a Unix
#   socket has.
# Matters: a server that takes "no address" for "from this machine" serves strangers as that, beside its limits and
#   lists of networks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "uvloop==0.23.0"
cat > "$folder/left.py" <<'PYTHON'
import asyncio
import socket
import struct

import uvloop

REQUEST = b"a request"


class Seen(asyncio.Protocol):
    def __init__(self, told: asyncio.Future[tuple[object, bytes]]) -> None:
        self.told, self.peer = told, None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.peer = transport.get_extra_info("peername")

    def data_received(self, data: bytes) -> None:
        self.told.set_result((self.peer, data))


async def main() -> tuple[object, bytes]:
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    client.sendall(REQUEST)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()  # which resets it; nobody has accepted it yet
    told = loop.create_future()
    listener.setblocking(False)
    server = await loop.create_server(lambda: Seen(told), sock=listener)
    async with server, asyncio.timeout(5):
        return await told


for name, run, has_peer in (("asyncio", asyncio.run, True), ("uvloop", uvloop.run, False)):
    peer, data = run(main())
    print(f"{name}: peername {peer}, received {data!r}")
    assert (peer is not None) == has_peer and data == REQUEST, "it is otherwise now"
PYTHON
"$folder/env/bin/python" "$folder/left.py"
