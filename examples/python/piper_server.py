"""A text from a server in the place of the Piper TTS Server: python piper_server.py [ADDRESS] out.wav some words"""

import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

LOCAL = "http://127.0.0.1:5000"

given = sys.argv[1:]
address = (given.pop(0) if given and "://" in given[0] else LOCAL).rstrip("/")
if len(given) < 2:
    sys.exit(__doc__)
path, *words = given
with urlopen(f"{address}/voices") as answer:
    model, about = next(iter(json.load(answer).items()))
body = {"text": " ".join(words), "model": model, "speaker_id": about["speakers"][0]["index"]}
request = Request(f"{address}/tts", json.dumps(body).encode(), {"Content-Type": "application/json"})
with urlopen(request) as answer:
    Path(path).write_bytes(answer.read())
    print(model, answer.headers["X-Cache"])
