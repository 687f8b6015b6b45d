"""Names of the files that a command writes: one for each recording, and none for two of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def targets(recordings: Sequence[Path], folder: Path | None, ending: str) -> list[Path]:
    """Where the transcripts go, beside their recordings or into a folder.

    A name stands for its recording alone where only one has it. Those that share one keep their folders below `folder`,
    and what differs only in its ending keeps that. So one recording more moves no transcript of the others.
    """
    plain = [_place(each, folder, None) / f"{each.stem}.{ending}" for each in recordings]
    shared = Counter(plain)
    if len(shared) == len(plain):
        return plain
    common = Path(os.path.commonpath([os.path.abspath(each.parent) for each in recordings]))
    apart = [
        place if shared[place] == 1 else _place(each, folder, common) / f"{each.stem}.{ending}"
        for each, place in zip(recordings, plain, strict=True)
    ]
    uses = Counter(apart)
    return [
        place if uses[place] == 1 else place.with_name(f"{recording.name}.{ending}")
        for recording, place in zip(recordings, apart, strict=True)
    ]


def _place(recording: Path, folder: Path | None, common: Path | None) -> Path:
    if folder is None:
        return recording.parent
    return folder if common is None else folder / Path(os.path.abspath(recording.parent)).relative_to(common)
