from __future__ import annotations

import json
from pathlib import Path

from middleware.logs.json_lines import render_json


def test_a_line_is_one_object_whatever_stands_in_it() -> None:
    line = render_json(None, "info", {"event": "a\nb", "path": Path("x"), "seconds": 0.5})
    assert "\n" not in line
    assert json.loads(line) == {"event": "a\nb", "path": repr(Path("x")), "seconds": 0.5}
