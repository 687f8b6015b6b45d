"""A real PostgreSQL of one's own, on a free loopback port, with as many empty databases as tests and programs need."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg

from benchmarks.server import free_port

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
"""Where Debian keeps the programs that it does not put into the path."""
OWNER = "postgres"
"""The server refuses to run as root."""
OTHER_USER = OWNER if os.getuid() == 0 else None
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 120.0
"""For whatever a PostgreSQL does, on a machine under any load."""
_numbers = count()


def program(name: str) -> str | None:
    """The path of one of PostgreSQL's programs; None where it is not installed."""
    return shutil.which(name) or next((str(each / name) for each in FOLDERS if (each / name).exists()), None)


class PostgreSQL:
    """One server. It can be killed, frozen and started again on its data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        command = [str(program("initdb")), "-D", str(self._folder), "-A", "trust", "-U", OWNER, "-N", "-E", "UTF8"]
        subprocess.run(
            command, check=True, capture_output=True, timeout=PATIENCE_SECONDS, user=OTHER_USER, group=OTHER_USER
        )

    def start(self) -> None:
        options = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        command = [str(program("postgres")), "-D", str(self._folder), "-p", str(self.port), *options]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            user=OTHER_USER,
            group=OTHER_USER,
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline and self._process.poll() is None, "PostgreSQL did not start"
            time.sleep(POLL_SECONDS)

    def ensure(self) -> None:
        """Starts it again where it has ended: other tests of this process end all children that they find."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def kill(self) -> None:
        """Ends the server and all processes of its connections at once."""
        if self._process is not None:
            # One that has ended by itself, or was killed before, is gone with its group.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE_SECONDS)
            (self._folder / "postmaster.pid").unlink(missing_ok=True)

    def url(self, database: str = OWNER) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty one."""
        name = f"test_{next(_numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_postgres() -> Iterator[PostgreSQL]:
    folder = Path(tempfile.mkdtemp(prefix="stts-postgres-"))
    try:
        if OTHER_USER is not None:
            shutil.chown(folder, OWNER, OWNER)
        server = PostgreSQL(folder)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
