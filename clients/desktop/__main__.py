"""`python -m clients.desktop`."""

from __future__ import annotations

import sys

from clients.desktop.main import main

sys.exit(main())
