"""`python -m stts_server`: the command `stts`."""

from __future__ import annotations

from stts_server import main

main()
