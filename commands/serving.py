"""The command line of the server, and its start as a parent of several workers (`server.workers`).

It comes before the server's own imports: a parent serves nobody, and needs none of them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import re
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from middleware.serving.workers.inheritance import VARIABLE
from stts import __version__

if TYPE_CHECKING:
    from middleware.serving.workers.parent import Parent

WORKERS_KEY = "STTS_SERVER__WORKERS"
SECTION = ("STTS_SERVER", WORKERS_KEY, f"{WORKERS_KEY}_FILE")
"""Variables that may set it."""
MENTION = re.compile(r"workers\W+(?!1\b)\w")
"""A setting of workers in some text, other than the default: without one there is no need to read it twice."""


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Ends the program for a wrong command line, and for `--help`."""
    parser = argparse.ArgumentParser(description="STTS Server: speaks, listens and converses over HTTP and WebSocket.")
    parser.add_argument("--config", help="configuration file (default: config.yaml, or STTS_CONFIG)")
    parser.add_argument("--host", help="address to listen on, in place of server.host")
    parser.add_argument("--port", help="port to listen on, in place of server.port")
    parser.add_argument("--workers", help="processes, in place of server.workers: a number, or auto")
    parser.add_argument("--version", action="version", version=f"STTS Server {__version__}")
    parser.add_argument("--as", dest="system", help="stand in for another system alone (docs/dialects.md)")
    parser.add_argument("--env-file", help="with --as: the environment file of that system")
    options = parser.parse_args(arguments)
    if options.env_file is not None and options.system is None:
        parser.error("--env-file needs --as, which says whose it is")
    return options


def lead(arguments: Sequence[str] | None) -> int | None:
    """Runs as the parent of several workers, and returns the exit status. None: this process is to serve itself, or to
    say why it cannot."""
    if VARIABLE in os.environ:
        return None
    options = options_of(arguments)
    if options.workers is not None:
        os.environ[WORKERS_KEY] = options.workers
    if not _is_mentioned(options.config):
        return None

    from adapters.configuration.adapter import ConfigAdapter, configuration_file
    from middleware.serving.workers.count import count_of
    from stts.errors import InvalidConfiguration

    try:
        config = ConfigAdapter.load(configuration_file(options.config))
    except InvalidConfiguration:
        return None
    count = count_of(config.current().server.workers)
    if count == 1:
        return None

    from middleware.logs.configuring import configure_logging

    configure_logging(config.current)
    gc.enable()
    with asyncio.Runner() as runner:
        return runner.run(_run(count))


def _is_mentioned(file: str | None) -> bool:
    """A quick look, so that a server of one process reads its configuration once."""
    if any(name.upper() in SECTION for name in os.environ):
        return True
    from adapters.configuration.adapter import DEFAULT_DOTENV, DEFAULT_FILE, FILE_VARIABLE

    files = (file or os.environ.get(FILE_VARIABLE) or DEFAULT_FILE, DEFAULT_DOTENV)
    return any(_mentions(Path(each)) for each in files)


def _mentions(path: Path) -> bool:
    try:
        return MENTION.search(path.read_text(encoding="utf-8", errors="replace").lower()) is not None
    except OSError:
        return False


async def _run(count: int) -> int:
    from middleware.serving.lifecycle import Lifecycle
    from middleware.serving.service_manager import ServiceManager, told
    from middleware.serving.workers.introductions import Introductions
    from middleware.serving.workers.parent import Parent
    from middleware.serving.workers.process import ServerProcess
    from stts.peers.coordinator import Coordinator

    lifecycle = Lifecycle()
    # Its variables are taken out before a worker inherits them.
    manager = ServiceManager.of(os.environ)
    parent = Parent(count, partial(ServerProcess.start, Coordinator(), Introductions()), lifecycle)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, parent.stop, number)
    loop.add_signal_handler(signal.SIGHUP, _hung_up, parent, has_terminal(), signal.getsignal(signal.SIGHUP))
    async with told(manager, lifecycle):
        return await parent.run()


def _hung_up(parent: Parent, had_terminal: bool, before: object) -> None:
    """A terminal that was closed sends the signal by which an operator asks for a restart. `before`: what was done with
    it, which nohup sets."""
    if not had_terminal or has_terminal():
        parent.restart()
    elif before is not signal.SIG_IGN:
        parent.stop(signal.SIGTERM)


def has_terminal() -> bool:
    """True for a process that is told when a terminal is closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
