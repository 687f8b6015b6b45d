"""aiogram's models are built when they are used: seen in processes of their own, as the bot has one."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest

from benchmarks.server import ROOT
from tests import patient

pytest.importorskip("aiogram", reason="pip install -r requirements/telegram.txt")

pytestmark = pytest.mark.clients

MOST_MB = 110
"""With all models it is 170. What the bot takes at work is told by `benchmarks telegram`."""
ALL_AT_ONCE = "import aiogram.types"
"""Whoever imports them first has them as aiogram makes them."""
PROGRAM = """
import json, sys
from clients.telegram.adapters.aiogram import types

updates = [types.Update.model_validate(update) for update in json.load(sys.stdin)]
keyboard = types.InlineKeyboardMarkup(inline_keyboard=[[types.InlineKeyboardButton(text="a", callback_data="b")]])
told = [each.model_dump(mode="json", exclude_unset=True) for each in (*updates, keyboard)]
with open("/proc/self/smaps_rollup") as lines:
    (resident,) = [int(line.split()[1]) / 1000 for line in lines if line.startswith("Rss:")]
models = [found for name in types.__all__ if hasattr(found := getattr(types, name), "model_rebuild")]
built = sum(model.__pydantic_complete__ for model in models)
for model in models:
    model.model_rebuild()
unbuilt = [model.__name__ for model in models if not model.__pydantic_complete__]
print(json.dumps({"told": told, "mb": resident, "models": len(models), "built": built, "unbuilt": unbuilt}))
"""
PERSON = {"id": 7, "is_bot": False, "first_name": "Ada", "language_code": "en"}
MESSAGE = {"message_id": 3, "date": 1_700_000_000, "chat": {"id": 7, "type": "private"}, "from": PERSON, "text": "Hi."}
UPDATES = [
    {"update_id": 1, "message": {**MESSAGE, "reply_to_message": MESSAGE}},
    {"update_id": 2, "callback_query": {"id": "1", "from": PERSON, "message": MESSAGE, "chat_instance": "1"}},
]


def seen(program: str) -> dict[str, Any]:
    done = patient.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=json.dumps(UPDATES),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_few_models_are_built_and_all_can_be_with_the_same_outcome() -> None:
    few, every = seen(PROGRAM), seen(ALL_AT_ONCE + PROGRAM)
    assert few["told"] == every["told"]
    assert (few["models"], few["unbuilt"]) == (every["models"], [])
    assert few["built"] < every["models"] / 4 and every["built"] == every["models"]
    assert few["mb"] < MOST_MB
