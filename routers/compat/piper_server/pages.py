"""Two small pages for people, and the card of a model that has none of its own."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from routers.compat.piper_server.models import Model

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
DOCUMENT = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Piper TTS</title>
<h1>Piper TTS</h1>
<ul>
<li><code>GET /health</code>: whether it works, and how many models there are
<li><code>GET /info</code>: models and limits
<li><code>GET /voices</code>: models with their speakers, cards and demos
<li><code>GET /model_card/{model}</code>: about a model, as Markdown
<li><code>GET /demo/{model}</code>, <code>GET /demo/{model}/raw</code>: how it sounds
<li><code>POST /tts</code> with JSON <code>{"text": "Hello.", "model": "...", "speaker_id": "0"}</code>: a WAV file;
only <code>text</code> is required
</ul>
"""


def demo_page(name: str, address: str) -> str:
    """`address`: of the audio."""
    title = escape(name)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n<h1>{title}</h1>\n'
        f'<audio controls preload="none" src="{escape(address)}"></audio>\n'
    )


def card_of(model: Model, licence: str) -> str:
    """All that is known of a model, in the form of Piper's own cards."""
    rate = f"* Samplerate: {model.voice.sample_rate:,}Hz\n" if model.voice.sample_rate else ""
    return (
        f"# Model card for {model.voice.name or model.name}\n\n"
        f"* Language: {', '.join(model.voice.languages) or 'any'}\n"
        f"* Speakers: {len(model.speakers)}\n"
        f"{rate}"
        f"* Engine: {model.engine}\n"
        f"* License: {licence or 'unknown'}\n"
    )
