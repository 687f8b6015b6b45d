"""A library that a bot lacks comes by the extra of the wheel, or in a checkout by the list of requirements."""

from __future__ import annotations

from pathlib import Path

from clients.chat.starting import ROOT, NotInstalled


def test_it_says_how_the_library_comes(tmp_path: Path) -> None:
    wheel = str(NotInstalled("aiogram", "telegram", root=tmp_path))
    assert wheel.startswith("aiogram is not installed: ") and wheel.endswith(" -m pip install 'stts-server[telegram]'")
    checkout = str(NotInstalled("discord.py", "discord"))
    assert checkout.endswith(f" -m pip install -r {ROOT}/requirements/discord.txt")


def test_the_lists_are_there_and_are_extras() -> None:
    extras = (ROOT / "setup.py").read_text(encoding="utf-8").partition("EXTRAS = (")[2].partition(")")[0]
    for extra in ("telegram", "discord"):
        assert f'"{extra}"' in extras and (ROOT / "requirements" / f"{extra}.txt").is_file()
