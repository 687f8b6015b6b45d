"""The server with a clock that another program sets: `python clocked_server.py`, with the name of a file in LOAD_CLOCK.

The file holds by how many seconds the clock is off, as a double, and may change at any time. All that asks Python for
the time of day (`time.time`) goes by it; monotonic clocks are left alone, as they are when somebody sets a real clock.
"""

from __future__ import annotations

import mmap
import os
import runpy
import struct
import sys
import time
from pathlib import Path

VARIABLE = "LOAD_CLOCK"
OFFSET = struct.Struct("=d")
ROOT = Path(__file__).parent.parent


def main() -> None:
    with Path(os.environ[VARIABLE]).open("rb") as file:
        ahead = mmap.mmap(file.fileno(), OFFSET.size, access=mmap.ACCESS_READ)
    real = time.time

    def set_off() -> float:
        offset: float = OFFSET.unpack_from(ahead)[0]
        return real() + offset

    # Before anything of the server is imported: much of it keeps a reference.
    time.time = set_off
    sys.path.insert(0, str(ROOT))
    runpy.run_path(str(ROOT / "server_v2.py"), run_name="__main__")


if __name__ == "__main__":
    main()
