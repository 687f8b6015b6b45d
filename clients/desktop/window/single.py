"""One window for each user: a second start hands its wish to the first, and ends."""

from __future__ import annotations

import getpass
import os

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

WISHES = ("show", "clipboard", "type", "board", "stop")
WAIT_MS = 1000
LONGEST = 64


def name() -> str:
    """Each user has one on each screen."""
    screen = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or ""
    whole = f"stts-desktop-{getpass.getuser()}-{screen}"
    return "".join(letter if letter.isalnum() else "-" for letter in whole)


def handed_over(wish: str) -> bool:
    """A window is there already, and does it."""
    socket = QLocalSocket()
    socket.connectToServer(name())
    if not socket.waitForConnected(WAIT_MS):
        return False
    socket.write(f"{wish}\n".encode())
    socket.flush()
    done = socket.waitForReadyRead(WAIT_MS)
    socket.disconnectFromServer()
    return bool(done)


class LaterStarts(QObject):
    """The wishes of later starts, which the window does that is open."""

    wished = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._met)
        # What a program that was killed has left.
        QLocalServer.removeServer(name())
        self._server.listen(name())

    def close(self) -> None:
        self._server.close()

    def _met(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)

    def _read(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > LONGEST:
            socket.abort()
        elif socket.canReadLine():
            wish = bytes(socket.readLine().data()).decode(errors="replace").strip()
            if wish in WISHES:
                self.wished.emit(wish)
                socket.write(b"ok\n")
                socket.flush()
