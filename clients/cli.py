"""`python -m clients.cli`: the command `stts` where nothing is installed but what it needs."""

from __future__ import annotations

import sys

from stts.interruption import leave_quietly

if __name__ == "__main__":
    leave_quietly(of_server="serve" in sys.argv[1:])
    from clients.command.main import run

    run("python -m clients.cli")
