"""Configuration of a session: how it listens, replies and speaks. A client may change it while the session runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from stts.chat import Message, ReplyConfig
from stts.conversation.turn_policy import TurnPolicy
from stts.settings import Settings
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig
from stts.vad.rules import TurnRules


@dataclass(frozen=True, slots=True)
class SessionConfig:
    listen: TranscriptionConfig = field(default_factory=TranscriptionConfig)
    speak: SynthesisConfig | None = field(default_factory=lambda: SynthesisConfig(format="pcm", sample_rate=24_000))
    """Always format pcm; None: replies are text only."""
    reply: ReplyConfig | None = field(default_factory=ReplyConfig)
    """None: nobody replies, the session only transcribes."""
    turns: TurnRules | None = field(default_factory=TurnRules)
    """None: the client says where turns end (`commit`), no voice activity detection."""
    respond: bool = True
    """Reply to each turn of the user without being asked."""
    resume: bool = True
    """A reply that was interrupted by nothing in words goes on. Off: an interruption ends it at once."""
    speculate: bool = True
    ahead: float | None = 0.3
    """Seconds of audio sent ahead of its playback; None: as fast as it is made."""
    transcript_timeout: float = 30.0
    """Seconds that the words of a turn may take after its end; then the turn has failed."""
    waiting_seconds: float = 30.0
    """Audio of a turn that may wait for its engine; then whoever sends more waits."""
    longest_pushed: float = 600.0
    """Seconds after which a turn is ended here that the client was to end."""
    early_words: bool = False
    """The words up to a pause are asked for although nobody replies to them: those of the turn are known sooner."""
    follow_words: bool = False
    """Frames of replies carry the words that end within them."""
    tell_written: bool = False
    """ReplyWritten is told as soon as the text and the calls of a reply are complete, while it may still be spoken."""
    prompt: str = ""
    prompt_after: float = 0.0
    """Seconds of silence of both sides after which the prompt is spoken; 0: never."""

    @property
    def answers_early(self) -> bool:
        """The words up to a pause are wanted: replies are prepared to them, or they are the turn's if it is over."""
        return self.speculate and (self.policy.answers or self.early_words)

    @property
    def policy(self) -> TurnPolicy:
        return TurnPolicy(
            answers=self.respond and self.reply is not None,
            interrupts=self.turns is None or self.turns.interrupt,
            resumes=self.resume,
            pushed=self.turns is None,
        )


@dataclass(frozen=True, slots=True)
class ReplyOrder:
    """A reply that a client asks for, where it differs from the session's."""

    messages: tuple[Message, ...] | None = None
    """Instead of the history."""
    reply: ReplyConfig | None = None
    speak: SynthesisConfig | None = None
    silent: bool = False
    """Text only, whatever `speak` says."""
    out_of_band: bool = False
    """Beside the conversation: it takes no turn, is not paced, and leaves no trace in the history."""
    text: str | None = None
    """Say exactly this instead of asking for a reply."""
    tag: str | None = None
    """Given back in ReplyStarted, so that a route knows its own."""


def session_config(settings: Settings) -> SessionConfig:
    """Returns the operator's configuration, for a session that listens, replies and speaks."""
    values = settings.conversation
    turns = TurnRules(
        threshold=settings.stt.vad_threshold,
        onset=values.duck_seconds,
        min_speech=settings.stt.min_speech_seconds,
        confirm=values.confirm_seconds,
        pause=values.speculate_seconds,
        silence=values.silence_seconds,
        longest=values.turn_seconds,
    )
    return SessionConfig(
        turns=turns,
        speculate=values.speculate_seconds < values.silence_seconds,
        ahead=values.ahead_seconds,
        transcript_timeout=settings.limits.queue_seconds,
        waiting_seconds=settings.limits.live_seconds,
        longest_pushed=settings.limits.commit_seconds,
        prompt=values.prompt,
        prompt_after=values.prompt_seconds,
    )
