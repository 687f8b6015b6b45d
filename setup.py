"""Builds the wheel: the rooms of the server as they stand here, in the one package `stts_server`."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
PACKAGE = "stts_server"
ROOMS = ("stts", "engines", "adapters", "middleware", "routers", "embedded", "commands", "clients")
EXTRAS = ("desktop", "discord", "postgresql", "redis", "sound", "telegram", "telemetry", "watermark", "webrtc")
"""Lists of requirements that `pip install stts-server[NAME]` takes as well."""
BESIDE = ("server_v2.py", "requirements/*.txt")
"""Files that the server reads by their place beside its rooms."""


class Build(build_py):  # type: ignore[misc]
    def run(self) -> None:
        super().run()
        target = Path(self.build_lib) / PACKAGE
        for pattern in BESIDE:
            for file in ROOT.glob(pattern):
                place = target / file.relative_to(ROOT)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)


def required(name: str) -> list[str]:
    """The lines of a list of requirements, without comments and without other lists."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    named = [line.partition(" #")[0].strip() for line in lines]
    return [line for line in named if line and not line.startswith(("#", "-"))]


inside = find_namespace_packages(str(ROOT), include=[pattern for room in ROOMS for pattern in (room, f"{room}.*")])
rooms = [name for name in inside if "__pycache__" not in name]
setup(
    packages=[PACKAGE, *(f"{PACKAGE}.{name}" for name in rooms)],
    package_dir={PACKAGE: "installed", **{f"{PACKAGE}.{room}": room for room in ROOMS}},
    package_data={"": ["*"]},
    exclude_package_data={"": ["*.pyc"]},
    install_requires=required("base"),
    extras_require={name: required(name) for name in EXTRAS},
    cmdclass={"build_py": Build},
)
