"""Events of the client's thread, in the thread of the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal


class Bridge(QObject):
    """`tell` may be called in any thread; `told` is emitted in the one in which this was made."""

    told = Signal(object)
    _crossing = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._crossing.connect(self.told, Qt.ConnectionType.QueuedConnection)

    def tell(self, event: object) -> None:
        self._crossing.emit(event)
