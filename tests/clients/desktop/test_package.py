"""The desktop client as it is installed: the wheel with its extra, and the entry of menus, which is really started."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import patient
from tests.clients.desktop.screen import missing, running_screen
from tests.docs.blocks import blocks_of
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients

ROOT = Path(__file__).parents[3]
DEPLOYED = ROOT / "deploy" / "desktop"
PARTS = ("stts", "engines", "adapters", "middleware", "routers", "embedded", "commands", "clients")
NEEDED = {"pyside6-essentials", "miniaudio", "httpx"}
BESIDE = ("installed", "requirements", "server_v2.py", "setup.py", "pyproject.toml", "LICENSE")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked. It is built from a copy: setuptools writes beside what it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in (*PARTS, *BESIDE):
        (source / name).symlink_to(ROOT / name)
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(source)]
    patient.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_extra_names_what_the_window_needs(site: Path) -> None:
    told = (next(site.glob("*.dist-info")) / "METADATA").read_text()
    assert "Provides-Extra: desktop" in told
    ours = [line for line in told.splitlines() if line.endswith('extra == "desktop"')]
    assert {re.split("[<>=;]", line.removeprefix("Requires-Dist: "))[0].lower() for line in ours} == NEEDED


def entry() -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, strict=True)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read(DEPLOYED / "stts-desktop.desktop", encoding="utf-8")
    return read


def test_the_entry_of_menus_is_a_valid_one() -> None:
    main = entry()["Desktop Entry"]
    assert main["Type"] == "Application" and main["Icon"] == "stts-desktop"
    actions = main["Actions"].strip(";").split(";")
    assert {f"Desktop Action {name}" for name in actions} == set(entry().sections()) - {"Desktop Entry"}
    for name in actions:
        assert entry()[f"Desktop Action {name}"]["Exec"] == f"stts desktop {name}"


def test_the_validator_of_desktops_has_nothing_to_say() -> None:
    if (validator := shutil.which("desktop-file-validate")) is None:
        pytest.skip("desktop-file-validate is not installed")
    told = patient.run([validator, str(DEPLOYED / "stts-desktop.desktop")], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


def test_the_page_puts_the_entry_where_desktops_look(tmp_path: Path) -> None:
    (block,) = [each for each in blocks_of(ROOT / "docs" / "desktop.md") if "stts-desktop.desktop" in each.code]
    patient.run(["sh", "-e", "-c", block.code], cwd=ROOT, env={**os.environ, "HOME": str(tmp_path)}, check=True)
    share = tmp_path / ".local" / "share"
    for place, name in (("applications", "stts-desktop.desktop"), ("icons/hicolor/scalable/apps", "stts-desktop.svg")):
        assert (share / place / name).read_bytes() == (DEPLOYED / name).read_bytes()


def test_a_click_on_the_entry_opens_the_window(site: Path, tmp_path: Path) -> None:
    if name := missing():
        pytest.skip(f"{name} is not installed")
    programs = tmp_path / "bin"
    programs.mkdir()
    script = programs / "stts"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{site}" exec "{sys.executable}" -P -m stts_server "$@"\n')
    script.chmod(0o755)
    with running_screen() as screen:
        variables = {
            **screen.environment,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "STTS_DESKTOP_SHOWN": "1",
        }
        command = shlex.split(entry()["Desktop Entry"]["Exec"])
        with subprocess.Popen(command, env=variables, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None and process.stdout.readline() == "shown\n"
                action = shlex.split(entry()["Desktop Action stop"]["Exec"])
                assert patient.run(action, env=variables, cwd=tmp_path, check=False).returncode == 0
            finally:
                process.terminate()
                assert process.wait(PATIENCE) == 0
