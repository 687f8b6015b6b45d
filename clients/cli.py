"""`python -m clients.cli`: the command `stts` where nothing is installed but what it needs."""

from __future__ import annotations

from clients.command.main import app

if __name__ == "__main__":
    app(prog_name="python -m clients.cli")
