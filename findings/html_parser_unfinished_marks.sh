#!/usr/bin/env bash
# Python's html.parser (3.11.7): a page of tags without an end takes time that grows with the square of its length.
#
# Good guess: a tolerant parser written in regular expressions reads a page in one pass, whatever is in it.
# Seen: `feed` waits at a tag that has no end, and `close` then reads all of the rest again for each `<a ` in it: twice as
#   many take four times as long, 8,000 of them (24 KB) 6.6 s. Comments, `<?`, `</` and `<![CDATA[` do the same (CVE-2025-6069).
# Why it matters: one chapter of a stranger's book holds a thread for hours. Newer versions repair it; a server runs on what is
#   installed. A way out: feed in slices, look at the length of `rawdata`, which is what is unfinished, and never close a long one.
set -euo pipefail
python3 - <<'PY'
import sys
import time
from html.parser import HTMLParser


def seconds(pieces: int) -> float:
    parser = HTMLParser()
    started = time.process_time()
    parser.feed("<a " * pieces)
    parser.close()
    return time.process_time() - started


short, long = seconds(1_000), seconds(4_000)
print(f"Python {sys.version.split()[0]}: 1,000 tags in {short:.2f} s, four times as many in {long:.2f} s")
assert long > 8 * short, "time grows with the length: the guess is right now"
PY
