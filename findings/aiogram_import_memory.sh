#!/usr/bin/env bash
# aiogram 3.31.0 and pyTelegramBotAPI 4.37.1 from PyPI
# Guess: two libraries for the same Bot API, both over aiohttp, take about the same memory when they are imported.
# Seen: `import aiogram` alone adds more than 100 MB, for its pydantic models of every method and type of the Bot API;
#   `telebot.async_telebot` adds less than half of that.
# Matters: a bot for a small machine is chosen by its framework: with aiogram it has used up its memory before the first
#   message, and nothing that the bot itself does makes up for it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "aiogram==3.31.0" "pyTelegramBotAPI==4.37.1" "aiohttp<4"
taken() {
    "$folder/venv/bin/python" - "$1" <<'PYTHON'
import importlib
import sys


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4 // 1024


before = resident()
importlib.import_module(sys.argv[1])
print(resident() - before)
PYTHON
}
one=$(taken aiogram)
other=$(taken telebot.async_telebot)
echo "aiogram $one MB, telebot $other MB"
[ "$one" -gt 100 ]
[ "$((2 * other))" -lt "$one" ]
