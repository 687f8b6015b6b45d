"""A text from a server in the place of the TTS Batch API: python batch_api.py [ADDRESS] out.wav some words"""

import json
import os
import sys
import wave
from urllib.request import Request, urlopen

LOCAL = "http://127.0.0.1:8000"
SAMPLE_RATE = 22_050

given = sys.argv[1:]
address = given.pop(0) if given and "://" in given[0] else LOCAL
if len(given) < 2:
    sys.exit(__doc__)
path, *words = given
headers = {"user-token": os.environ["ALLOWED_USER_TOKEN"], "Content-Type": "application/json"}
body = json.dumps({"text": " ".join(words)}).encode()
with urlopen(Request(f"{address.rstrip('/')}/synthesizeSpeech", body, headers)) as answer:
    samples = answer.read()
with wave.open(path, "wb") as file:
    file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
    file.writeframes(samples)
print(f"{len(samples) / 2 / SAMPLE_RATE:.1f} s")
