"""The server as it is, which writes down when an utterance is confirmed: no message of GPT-Live tells that."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from server_v2 import main
from stts.conversation.input import InputPipeline

CONFIRMED = "confirmed "
"""Begin of a line, which `time.monotonic()` follows."""


def watch() -> None:
    announce = InputPipeline.announce

    def watched(pipeline: InputPipeline) -> None:
        print(f"{CONFIRMED}{time.monotonic()}", flush=True)
        announce(pipeline)

    InputPipeline.announce = watched  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    watch()
    sys.exit(main())
