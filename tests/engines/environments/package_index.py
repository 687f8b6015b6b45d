"""A package index on the disk, from which environments are installed offline: small wheels that tests make.

An environment of its own finds numpy and pydantic by a path to this one's, since no index is to be asked for them: the
wheels of those names hold nothing.
"""

from __future__ import annotations

import sysconfig
import zipfile
from collections.abc import Mapping
from importlib.metadata import files as files_of
from pathlib import Path

from engines.environments.requirements import WORKER_LIST, Requirements, requirements_of
from engines.environments.tools import FRUGAL_PIP
from stts.engine_api import EngineInfo

SITE = "stts-test-site"
VOICE = "stts-test-voice"
VOICE_MODULE = "stts_test_voice"
LINES = (f"{VOICE}>=1,<2", SITE)
"""Requirements of an engine under test; the module of the first is in its environment only."""


def make_index(folder: Path) -> Path:
    """Fills a folder with wheels."""
    folder.mkdir()
    make_wheel(folder, "numpy", "2.3.0", {})
    make_wheel(folder, "pydantic", "2.12.0", {})
    make_wheel(folder, SITE, "1.0", {"stts_test_site.pth": f"{sysconfig.get_paths()['purelib']}\n"})
    make_pip(folder)
    for version in ("1.0", "1.5", "2.0"):
        make_wheel(folder, VOICE, version, {f"{VOICE_MODULE}.py": f"VERSION = {version!r}\n"})
    return folder


def make_pip(folder: Path) -> Path:
    """A wheel of the pip that is installed here, as the newest that an estimate may get."""
    beyond = FRUGAL_PIP[1][0]
    files = [each for each in files_of("pip") or () if each.parts[0] == "pip" and "__pycache__" not in each.parts]
    return make_wheel(folder, "pip", f"{beyond - 1}.99", {str(each): each.read_binary() for each in files})


def make_wheel(folder: Path, name: str, version: str, files: Mapping[str, str | bytes]) -> Path:
    """A wheel with these files in `site-packages`."""
    written = name.replace("-", "_")
    info = f"{written}-{version}.dist-info"
    contents: dict[str, str | bytes] = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    contents[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*contents, f"{info}/RECORD"))
    wheel = folder / f"{written}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
    return wheel


def index_variables(index: Path) -> dict[str, str]:
    """Environment variables that have pip and uv install from this folder only."""
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_CACHE_DIR": "1",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(index),
        "UV_OFFLINE": "1",
    }


def requirements(*lines: str, name: str = "voice") -> Requirements:
    """Requirements of an engine under test."""
    info = EngineInfo(name=name, kind="tts", description="", requirements=lines or LINES)
    found = requirements_of(info, name, WORKER_LIST)
    assert found is not None
    return found
