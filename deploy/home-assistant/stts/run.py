"""Starts the server of a Home Assistant add-on: options of the user become settings, and Home Assistant is told where
the server speaks Wyoming. Standard library alone."""

from __future__ import annotations

import json
import os
import pwd
import socket
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("STTS_STORAGE__ROOT", "/data"))
SERVER = os.environ.get("ADDON_PROGRAM", "/opt/stts/app/server_v2.py")
SUPERVISOR = os.environ.get("ADDON_SUPERVISOR", "http://supervisor")
USER = "stts"
INSIDE = "172.30.32.0/23"
"""Network of the Supervisor, in which Home Assistant itself is."""
FIXED = {
    "STTS_SERVER__HOST": "0.0.0.0",
    "STTS_SERVER__DRAIN_SECONDS": "30",
    "STTS_SECURITY__ALLOWED_HOSTS": "homeassistant,*.local",
    "STTS_WYOMING__ENABLED": "true",
    "STTS_WYOMING__HOST": "0.0.0.0",
    "STTS_WYOMING__ALLOWED_ADDRESSES": INSIDE,
}
"""All else stays as it is in the image. Pages are opened by the name by which Home Assistant itself was
(`homeassistant.local`), which nobody can have in the public DNS."""
NAMES = {
    "speaking_engine": "STTS_TTS__ORDER",
    "listening_engine": "STTS_STT__ORDER",
    "api_key": "STTS_SECURITY__API_KEY",
    "log_level": "STTS_LOGGING__LEVEL",
}
"""Options -> variables of the server."""
POLL_SECONDS = 1.0
START_SECONDS = 1800.0
"""Longest time until the server accepts work: models may be fetched first."""


def settings_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The options as variables of the server. What the user left out stays as it is."""
    settings = FIXED | {name: str(options[option]) for option, name in NAMES.items() if options.get(option)}
    if options.get("models"):
        settings["STTS_MODELS__WANTED"] = json.dumps(options["models"])
    if options.get("voice") and options.get("speaking_engine"):
        settings["STTS_TTS__VOICES"] = json.dumps({options["speaking_engine"]: options["voice"]})
    for line in options.get("settings", ()):
        key, _, value = line.partition("=")
        settings[f"STTS_{key.replace('.', '__').upper()}"] = value
    return settings


def announce() -> None:
    """Waits until the server accepts work, and tells Home Assistant where it is."""
    address = f"tcp://{socket.gethostname()}:{os.environ.get('STTS_WYOMING__PORT', '10300')}"
    message = json.dumps({"service": "wyoming", "config": {"uri": address}}).encode()
    headers = {"Authorization": f"Bearer {os.environ['SUPERVISOR_TOKEN']}", "Content-Type": "application/json"}
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        if time.monotonic() > deadline:
            sys.exit("The server does not accept work, so Home Assistant was not told of it.")
        time.sleep(POLL_SECONDS)
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{SUPERVISOR}/discovery", message, headers), timeout=30):
            print("Home Assistant was told where the server is.", flush=True)  # noqa: T201 - the log of the add-on
    except OSError as error:
        sys.exit(f"Home Assistant could not be told where the server is: {error}")


def is_ready() -> bool:
    address = f"http://127.0.0.1:{os.environ.get('STTS_SERVER__PORT', '8000')}/ready"
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


def become(name: str) -> None:
    """Gives the folder to this user and goes on as that, where root may."""
    if os.geteuid() != 0 or name not in {each.pw_name for each in pwd.getpwall()}:
        return
    user = pwd.getpwnam(name)
    for place in (DATA, *DATA.rglob("*")):
        os.chown(place, user.pw_uid, user.pw_gid, follow_symlinks=False)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def main() -> None:
    options = json.loads((DATA / "options.json").read_text(encoding="utf-8"))
    os.environ.update(settings_of(options))
    become(USER)
    if "SUPERVISOR_TOKEN" in os.environ and os.fork() == 0:
        announce()
        sys.exit(0)
    os.environ.pop("SUPERVISOR_TOKEN", None)  # the server has no use for it
    os.execv(sys.executable, [sys.executable, SERVER])


if __name__ == "__main__":
    main()
