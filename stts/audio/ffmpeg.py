"""PyAV, which brings ffmpeg's libraries: imported when audio is first decoded, filtered or encoded.

It takes 17 MB and 40 ms that a server which has only just started, or speaks plain WAV, does without.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av as av
else:

    class _Deferred:
        """Stands for the package until it is needed."""

        def __getattr__(self, name: str) -> Any:
            import av

            return getattr(av, name)

    av = _Deferred()


def is_loaded() -> bool:
    return "av" in sys.modules


async def loaded() -> None:
    """Returns when the package is imported, which is done in a thread: code on the event loop waits for it here."""
    if not is_loaded():
        await asyncio.to_thread(import_module, "av")
