"""Translates a client's Realtime session to SessionConfig."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from adapters.hosted_names import ModelCatalogue
from middleware.listener import OutputDefaults
from routers.compat.realtime.command_schemas import ResponseOutput, ResponseParams
from routers.compat.realtime.items import Items
from routers.compat.realtime.response import Order
from routers.compat.realtime.session import SessionObject
from routers.compat.realtime.session_schemas import (
    PCM,
    USUAL_VOICE,
    ChosenFunction,
    Format,
    FunctionTool,
    MaxTokens,
    RealtimeSession,
    SemanticVAD,
    ServerVAD,
    Shape,
    ToolChoice,
    Transcription,
)
from routers.compat.realtime.voice import Voice, sample_rate
from routers.http.listener_speech import given_defaults
from stts.chat import ReplyConfig, Tool
from stts.conversation.config import ReplyOrder, SessionConfig, session_config
from stts.engine_state import AUTO
from stts.errors import STTSError, UnknownModel
from stts.settings import CurrentSettings
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig
from stts.vad.rules import TurnRules

EAGERNESS = {"low": (1.2, 8.0), "medium": (0.8, 4.0), "auto": (0.8, 4.0), "high": (0.4, 2.0)}
"""Seconds of silence that end a turn: without an opinion of a turn detector, and with it saying that more will come."""
DELAYS = {"minimal": 0.16, "low": 0.3, "medium": 1.0, "high": 2.0, "xhigh": 4.0}
"""Seconds of new audio after which the words so far are guessed anew: who waits longer gets fewer and surer guesses."""
LINE_FORMAT = PCM(type="audio/pcm", rate=24_000)
"""Format of the audio of a call."""
LINE_AHEAD = 0.1
"""Seconds sent to it before they are played: it plays them itself, so the network needs no more of them."""
HOSTED_REALTIME = "realtime"
"""Part of the names of hosted speech-to-speech models: here each operation names a model of its own."""
PARAMS = {
    "voice": "session.audio.output.voice",
    "speed": "session.audio.output.speed",
    "language": "session.audio.input.transcription.language",
    "languages": "session.audio.input.transcription.languages",
}
"""Name of a field in the core -> its place at clients."""


class Translation:
    def __init__(
        self,
        models: ModelCatalogue,
        settings: CurrentSettings,
        output: Callable[[], OutputDefaults],
        *,
        line: bool = False,
    ) -> None:
        """`output`: the defaults of the listener that the client came by, asked for each change. `line`: audio goes by
        a track, whatever formats the session names."""
        self._line = line
        self._models = models
        self._settings = settings
        self._output = output

    async def config(self, session: SessionObject) -> SessionConfig:
        """Raises UnknownModel for a model of transcription that is none."""
        shape, turns = session.speaks, session.turns
        base = session_config(self._settings())
        idle = turns.idle_timeout_ms if isinstance(turns, ServerVAD) else None
        return replace(
            base,
            listen=self._listening(session.shape.audio.input.transcription),
            speak=self._speaking(shape) if shape is not None else None,
            reply=self._replying(shape) if shape is not None else None,
            turns=_rules(base.turns or TurnRules(), turns),
            respond=shape is not None and turns is not None and turns.create_response,
            resume=False,
            ahead=LINE_AHEAD if self._line else None if turns is None else base.ahead,
            prompt_after=(idle or 0) / 1000,
        )

    def standing(self, shape: RealtimeSession) -> Order:
        """Returns the order of responses that nobody asked for."""
        output = shape.audio.output
        return Order(
            Voice(output.voice, self._format(output.format)), tuple(shape.output_modalities), shape.max_output_tokens
        )

    async def order(
        self, shape: RealtimeSession, params: ResponseParams, items: Items, tag: str
    ) -> tuple[ReplyOrder, Order]:
        """A response that the client asks for. Raises InvalidParameter, NotFound."""
        asked = shape.model_copy(update=_given(params, "output_modalities", "max_output_tokens"))
        output = params.audio.output if params.audio is not None else ResponseOutput()
        changes = _given(output, "format", "voice")
        asked = asked.model_copy(
            update={"audio": shape.audio.model_copy(update={"output": shape.audio.output.model_copy(update=changes)})}
        )
        given = items.messages(params.input) if params.input is not None else None
        reply = self._replying(
            asked.model_copy(
                update=_given(params, "instructions", "tools", "tool_choice", "parallel_tool_calls", "temperature")
            )
        )
        order = ReplyOrder(
            messages=given,
            reply=reply,
            speak=self._speaking(asked),
            silent=asked.output_modalities == ["text"],
            out_of_band=params.conversation == "none",
            tag=tag,
        )
        return order, replace(self.standing(asked), metadata=params.metadata, given=given)

    def _format(self, format: Format) -> Format:
        return LINE_FORMAT if self._line else format

    def usual_voice(self, model: str | None) -> str:
        """The voice of a session whose client names none."""
        defaults = self._output()
        ours = model is None or self.engine(model) in (AUTO, defaults.engine)
        return defaults.voice if ours and defaults.voice is not None else USUAL_VOICE

    def engine(self, model: str) -> str:
        """The engine that speaks for a model of a session."""
        try:
            return self._models.engine(model, "tts")
        except UnknownModel:
            return AUTO

    def _listening(self, wanted: Transcription | None) -> TranscriptionConfig:
        if wanted is None:  # as with a model of the server's choice: turning transcripts on later moves no engine
            return TranscriptionConfig(ignore_unknown_parameters=True)
        try:
            engine = self._models.engine(wanted.model, "stt")
        except UnknownModel as error:
            error.param = "session.audio.input.transcription.model"
            raise
        languages = tuple(wanted.languages or ())
        only = languages[0] if len(languages) == 1 else None
        return TranscriptionConfig(
            engine=engine,
            language=wanted.language or only,
            languages=() if wanted.language or only else languages,
            prompt=wanted.prompt or None,
            keywords=tuple(wanted.keywords or ()),
            guess_after=DELAYS.get(wanted.delay or ""),
            ignore_unknown_parameters=True,
        )

    def _speaking(self, shape: RealtimeSession) -> SynthesisConfig | None:
        if shape.output_modalities == ["text"]:
            return None
        output, wanted = shape.audio.output, shape.audio.input.transcription
        defaults, engine = self._output(), self.engine(shape.model)
        # A session always has a voice: that of the listener comes with its engine, language and parameters.
        usual = engine in (AUTO, defaults.engine) and output.voice == defaults.voice
        config = SynthesisConfig(
            engine=defaults.engine if engine == AUTO else engine,
            voice=None if usual else output.voice,
            language=wanted.language if wanted is not None else None,
            format="pcm",
            sample_rate=sample_rate(self._format(output.format)),
            # A session always has a speed: its usual one leaves the voice its own.
            speed=None if output.speed == 1.0 else output.speed,
            ignore_unknown_parameters=True,
        )
        return given_defaults(defaults, "", config)

    def _replying(self, shape: RealtimeSession) -> ReplyConfig:
        model = None if self._is_ours(shape.model) else shape.model
        return ReplyConfig(
            model=model,
            instructions=shape.instructions or None,
            temperature=shape.temperature,
            max_tokens=_tokens(shape.max_output_tokens),
            tools=tuple(_tool(each) for each in shape.tools),
            tool_choice=_choice(shape.tool_choice),
            parallel_tool_calls=shape.parallel_tool_calls,
        )

    def _is_ours(self, model: str) -> bool:
        """True if it names a voice and no language model."""
        if HOSTED_REALTIME in model:
            return True
        try:
            self._models.engine(model, "tts")
        except UnknownModel:
            return False
        return True


def in_dialect(error: STTSError) -> STTSError:
    """Renames the field of an error to the client's name for it."""
    error.param = PARAMS.get(error.param or "", error.param)
    return error


def _rules(base: TurnRules, turns: ServerVAD | SemanticVAD | None) -> TurnRules | None:
    """`base`: as the operator set them."""
    if isinstance(turns, ServerVAD):
        silence = turns.silence_duration_ms / 1000
        prefix, threshold = turns.prefix_padding_ms / 1000, turns.threshold
        base = replace(base, threshold=threshold, prefix=prefix, silence=silence, detector=False)
    elif isinstance(turns, SemanticVAD):
        silence, longest_silence = EAGERNESS[turns.eagerness]
        base = replace(base, silence=silence, longest_silence=longest_silence)
    else:
        return None
    return replace(base, pause=min(base.pause, silence), interrupt=turns.interrupt_response)


def _given(shape: Shape, *names: str) -> dict[str, object]:
    return {name: value for name in names if (value := getattr(shape, name)) is not None}


def _tokens(most: MaxTokens) -> int | None:
    return None if most == "inf" else int(most)


def _tool(tool: FunctionTool) -> Tool:
    return Tool(tool.name, tool.description or "", tool.parameters or {})


def _choice(choice: ToolChoice) -> str:
    return choice.name if isinstance(choice, ChosenFunction) else choice
