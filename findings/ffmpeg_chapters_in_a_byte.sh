#!/usr/bin/env bash
# FFmpeg 8.1 (PyAV 18.1.0): of more than 255 chapters an MP3's table names a few, and long titles break an M4B's.
#
# Good guess: `set_chapters` writes all chapters, and a title that is too long is shortened to one that can be read.
# Seen: the table of contents (CTOC) of an MP3 with 300 chapters names 44, since it counts in a byte that overflows; titles
#   of an MP4 (`chpl`) are cut at 255 bytes, in the middle of a character, and mutagen then refuses the whole file.
# Why it matters: nobody is told; FFmpeg itself reads all 300, so a test with it passes, and players show 44 chapters.
#   A way out: at most 255 chapters, and titles shortened to 255 bytes at a character before they are given away.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "av==18.1.0" "mutagen==1.48.1" "numpy<3"
"$folder/venv/bin/python" - "$folder" <<'PY'
import sys
from fractions import Fraction

import av
import mutagen
import numpy as np

RATE = 8000


def write(file: str, format: str, codec: str, titles: list[str]) -> None:
    with av.open(file, "w", format=format) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.codec_context.layout, stream.codec_context.format = "mono", "fltp"
        container.set_chapters(
            [
                {"id": n, "start": n, "end": n + 1, "time_base": Fraction(1, 10), "metadata": {"title": title}}
                for n, title in enumerate(titles)
            ]
        )
        container.start_encoding()
        for second in range(len(titles) // 10 + 1):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, second * RATE, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


folder = sys.argv[1]
write(f"{folder}/book.mp3", "mp3", "libmp3lame", [f"Chapter {number}" for number in range(300)])
tags = mutagen.File(f"{folder}/book.mp3").tags
named = len(tags.getall("CTOC")[0].child_element_ids)
with av.open(f"{folder}/book.mp3") as container:
    print(f"MP3: {len(tags.getall('CHAP'))} chapters, of which its table names {named}; FFmpeg reads {len(container.chapters())}")
assert named < 300, "the table names all chapters: the guess is right now"

write(f"{folder}/book.mp4", "mp4", "aac", ["ä" * 200])
try:
    mutagen.File(f"{folder}/book.mp4")
except mutagen.MutagenError as error:
    print(f"MP4: {error}")
else:
    raise AssertionError("the title can be read: the guess is right now")
PY
