"""Clients of others take what docs/recipes.md and docs/dialects.md give to them."""

from __future__ import annotations

import ast
import inspect
from io import StringIO

import openai
import pytest
from dotenv import dotenv_values

from tests.docs.blocks import Block, blocks
from tests.docs.console import ADDRESS
from tests.docs.test_blocks import ids
from tests.engines.speech import DATA, WORDS, share_heard
from tests.patience import PATIENCE
from tests.server import RunningServer

pytestmark = pytest.mark.clients

MINE = [block for block in blocks() if block.run_by == "tests/docs/test_recipes.py"]
FRAMEWORKS = ("deepgram", "livekit.agents", "livekit.plugins.deepgram", "livekit.plugins.openai", "pipecat")
HOW = "pip install -r requirements/frameworks.txt"


def at(url: str, code: str) -> str:
    """The code with the address of this server for that of the pages."""
    host = url.removeprefix("http://")
    return ADDRESS.sub(lambda match: f"{match['scheme']}{host}", code)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", [block for block in MINE if block.language == "python"], ids=ids)
async def test_clients_take_what_the_page_gives_them(block: Block, documented: RunningServer) -> None:
    """The rest of what they do is tried beside the examples and the dialects."""
    for module in FRAMEWORKS:
        pytest.importorskip(module, reason=HOW)
    given = {"__name__": block.page}
    made = eval(compile(at(documented.url, block.code), block.place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), given)
    if inspect.iscoroutine(made):
        await made


@pytest.mark.parametrize("block", [block for block in MINE if block.language == "sh"], ids=ids)
def test_the_variables_of_open_webui_name_what_this_server_has(
    block: Block, documented: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One speaks and one listens, each by the address, key, model and voice that stand there."""
    file = DATA / "weather.flac"
    values = dotenv_values(stream=StringIO(at(documented.url, block.code)))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    ears = openai.OpenAI(
        base_url=values["AUDIO_STT_OPENAI_API_BASE_URL"], api_key=values["AUDIO_STT_OPENAI_API_KEY"], timeout=PATIENCE
    )
    voice = openai.OpenAI(
        base_url=values["AUDIO_TTS_OPENAI_API_BASE_URL"], api_key=values["AUDIO_TTS_OPENAI_API_KEY"], timeout=PATIENCE
    )
    with ears, voice:
        heard = ears.audio.transcriptions.create(file=file, model=str(values["AUDIO_STT_MODEL"]), language="en")
        assert share_heard(WORDS[file.name], heard.text) >= 0.8, heard.text
        spoken = voice.audio.speech.create(
            input="Hello.",
            model=str(values["AUDIO_TTS_MODEL"]),
            voice=str(values["AUDIO_TTS_VOICE"]),
            response_format="wav",
        )
        assert spoken.content[:4] == b"RIFF"
