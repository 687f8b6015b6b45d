"""A reply that an app wants from the language model, and that waits until nobody speaks."""

from __future__ import annotations

from routers.compat.live.delegation.brain import Stage
from stts.chat import ReplyConfig
from stts.conversation.config import ReplyOrder


class WantedReply:
    """At most one of a session: whatever it is to answer stands in the history when it begins."""

    def __init__(self, stage: Stage, tag: str) -> None:
        self._stage, self._tag = stage, tag
        self.wanted = False
        self._covered = False
        """The user began to speak since: the reply to that answers it too."""

    def want(self) -> None:
        self.wanted, self._covered = True, False

    def user_speaks(self) -> None:
        self._covered = self.wanted

    def user_is_answered(self) -> None:
        """A reply to the user has begun, which knows all that had come when the user began to speak."""
        if self._covered:
            self.wanted = self._covered = False

    def go_on(self, reply: ReplyConfig | None = None) -> None:
        """Begins it, if it is wanted and the stage is free."""
        if self.wanted and self._stage.free:
            self.wanted = self._covered = False
            self._stage.core.respond(ReplyOrder(reply=reply, tag=self._tag))
