"""faster-whisper alone: run by `benchmarks.ears` in the environment of the peers, and in no other.

`python ears_loop.py MODEL FOLDER SECONDS` transcribes the WAV files of the folder round and round, as the package's
own documentation does, and prints how many a second and what it heard.
"""

import itertools
import json
import sys
import time
from pathlib import Path

from faster_whisper import WhisperModel

if __name__ == "__main__":
    model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8")
    paths = sorted(Path(sys.argv[2]).glob("*.wav"))
    texts: dict[str, str] = {}

    def hear(path: Path) -> str:
        segments, _ = model.transcribe(str(path), language="en", beam_size=1)
        return " ".join(segment.text.strip() for segment in segments)

    hear(paths[0])
    started, worked, count = time.perf_counter(), time.process_time(), 0
    for count, path in enumerate(itertools.cycle(paths)):
        if count >= len(paths) and time.perf_counter() - started >= float(sys.argv[3]):
            break
        texts[path.name] = hear(path)
    spent, worked = time.perf_counter() - started, time.process_time() - worked
    print(json.dumps({"per_s": count / spent, "core_s": worked / count, "texts": [texts[path.name] for path in paths]}))
