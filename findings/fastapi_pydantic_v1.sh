#!/usr/bin/env bash
# FastAPI 0.165.0 with pydantic 2.14.4.
# Good guess: an app whose models are all pydantic 2 never loads the old pydantic that comes inside the package, `pydantic.v1`.
# Seen: the first route with a typed field imports it, 23 modules and 25 to 70 ms, to ask whether the annotation is one of
# its models; `import fastapi` alone does not.
# Why it matters: who measures imports only, or makes routes late, finds the time in the first request or in the first
# route and not where it belongs; blocking the module by hand would break packages that still use it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet fastapi==0.165.0 pydantic==2.14.4
cat > "$folder/seen.py" <<'PYTHON'
import sys
import time

import fastapi
from pydantic import BaseModel


class Item(BaseModel):
    number: int


def loaded() -> int:
    return sum(name == "pydantic.v1" or name.startswith("pydantic.v1.") for name in sys.modules)


app = fastapi.FastAPI()
before = loaded()
started = time.perf_counter()


@app.post("/items")
async def make(item: Item) -> Item:
    return item


after, seconds = loaded(), time.perf_counter() - started
print(f"modules of pydantic.v1: {before} before the first route, {after} after it ({seconds * 1000:.0f} ms)")
assert before == 0, "importing FastAPI is enough by now"
assert after > 10, "the first route does not load pydantic.v1 any more"
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
echo "as found: the first route loads pydantic.v1"
