"""Speaks a text, writes down what it hears in it, and streams another: in this program, without a server.

    python in_process.py FOLDER TEXT

The folder of the server must be on the path of Python (PYTHONPATH).
"""

import sys
from pathlib import Path

from embedded import Speech
from stts.errors import STTSError


def main(folder: Path, text: str) -> None:
    with Speech(settings={"storage": {"root": str(folder / "data")}}) as speech:
        audio = speech.speak(text)
        audio.save(folder / "spoken.wav")
        print(f"{audio.engine}/{audio.voice}: {audio.seconds:.1f} s")
        print(f"heard: {speech.transcribe(folder / 'spoken.wav').text}")
        with (folder / "streamed.mp3").open("wb") as file:
            file.writelines(speech.stream(text, format="mp3"))
        try:
            speech.speak(text, voice="nobody")
        except STTSError as error:
            print(f"{error.code}: {error.message}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), " ".join(sys.argv[2:]))
