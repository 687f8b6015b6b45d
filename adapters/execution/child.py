"""The child's side of a process engine: `python -m adapters.execution.child FD MODULE:CLASS`.

Its first message is the engine's options. It ends when its parent does: the socket closes.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from importlib.metadata import EntryPoint
from multiprocessing.connection import Connection
from typing import Any

from adapters.execution.channel import Call, Done, Failed, Item
from adapters.execution.translate import Doing, translate
from engines.registry import GROUP
from stts.engine_api import Engine


def main(descriptor: int, target: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    connection = Connection(descriptor)
    with suppress(EOFError, OSError):
        engine_class: type[Engine] = EntryPoint(target, target, GROUP).load()
        engine = engine_class(engine_class.Options.model_validate(connection.recv()))
        while True:
            message = connection.recv()
            if isinstance(message, Call):
                connection.send(_answer(connection, engine, message))


def _answer(connection: Connection[Any, Any], engine: Engine, call: Call) -> Done | Failed:
    doing: Doing = "load" if call.method == "load" else "call"
    try:
        if doing == "load":
            engine.load(lambda step, part: connection.send(Item((step, part))))
            return Done()
        items = iter(getattr(engine, call.method)(*call.arguments))
        for item in items:
            connection.send(Item(item))
            if connection.poll():
                connection.recv()
                break
        close = getattr(items, "close", None)
        if close is not None:
            close()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - the seam: whatever the engine raises is the caller's error
        translated = translate(error, engine.info, doing)
        translated.__cause__ = None
        return Failed(translated)
    return Done()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
