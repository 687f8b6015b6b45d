"""Voices that come with Chatterbox-TTS-Server as recordings, which are not here: clients name them all the same.

Each means a voice of the hosted service, so that one of its gender speaks, and always the same.
"""

from __future__ import annotations

from stts.storage.files.names import same_voice

_WOMEN = ("coral", "marin", "nova", "sage", "shimmer")
_MEN = ("ash", "ballad", "cedar", "echo", "onyx", "verse")
_FEMALE = ("abigail", "alice", "cora", "elena", "emily", "gianna", "jade", "layla", "olivia", "taylor")
_MALE = (
    *("adrian", "alexander", "austin", "axel", "connor", "eli", "everett", "gabriel", "henry", "ian", "jeremiah"),
    *("jordan", "julian", "leonardo", "michael", "miles", "ryan", "thomas"),
)

SHIPPED = {
    **{name: _WOMEN[index % len(_WOMEN)] for index, name in enumerate(_FEMALE)},
    **{name: _MEN[index % len(_MEN)] for index, name in enumerate(_MALE)},
}
"""Name without its extension, in lower case -> hosted name."""


def stand_in(filename: str) -> str | None:
    """The hosted name that stands in for a voice of that system; None for a name that is none of those."""
    return SHIPPED.get(same_voice(filename))
