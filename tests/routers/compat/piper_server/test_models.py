from __future__ import annotations

from routers.compat.piper_server.models import LISTED, Model, told
from stts.engine_api import Voice


def models(number: int) -> dict[str, Model]:
    return {f"m{index}": Model(f"m{index}", "piper", Voice("v", "V", ()), ()) for index in range(number)}


def test_names_beyond_the_first_are_counted() -> None:
    assert told(models(2)) == "Models: m0, m1."
    assert told(models(LISTED)).endswith(f"m{LISTED - 1}.")
    assert told(models(LISTED + 3)).endswith(f"m{LISTED - 1}, and 3 more; GET /voices lists all.")
