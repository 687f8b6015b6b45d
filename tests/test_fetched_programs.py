"""Programs that `make` and `.ci/run` fetch come whole or not at all, and not before what needs none has run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import patient
from tests.promtool import ROOT, found

pytestmark = pytest.mark.socket

TOOLS = ("sh", "rm", "mkdir", "mv", "cat", "dpkg-deb", "tar", "make")
NAME = "prometheus_{version}_amd64.deb"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with all that the recipe needs, a root of our own, and no promtool. Skips where something is missing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        if (path := shutil.which(name)) is None:
            pytest.skip(f"{name} is not installed")
        (folder / name).symlink_to(path)
    script(folder / "id", "echo 0")
    return folder


def script(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)


def package(folder: Path) -> bytes:
    """A Debian package with a promtool in it."""
    (folder / "tree" / "DEBIAN").mkdir(parents=True)
    fields = ("Package: prometheus", "Version: 2", "Architecture: all", "Maintainer: Nobody", "Description: One", "")
    (folder / "tree" / "DEBIAN" / "control").write_text("\n".join(fields), encoding="utf-8")
    (folder / "tree" / "usr" / "bin").mkdir(parents=True)
    script(folder / "tree" / "usr" / "bin" / "promtool", "echo whole")
    command = ["dpkg-deb", "--root-owner-group", "--build", "tree", "whole.deb"]
    patient.run(command, cwd=folder, capture_output=True, check=True)
    return (folder / "whole.deb").read_bytes()


def fetch(tools: Path, folder: Path, data: bytes, version: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """`make promtool` where the mirror sends this much of a package."""
    (folder / "sent").write_bytes(data)
    sent = f"cat {folder / 'sent'} > {NAME.format(version=version)}"
    script(tools / "apt-get", '[ "$1" = update ] && exit 0', sent, f"exit {status}")
    command = ["make", "-f", str(ROOT / "Makefile"), "promtool"]
    environment = {"PATH": str(tools)}
    return patient.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("status", [0, 100])
def test_a_download_that_breaks_leaves_nothing_that_looks_like_a_program(
    tools: Path, tmp_path: Path, status: int
) -> None:
    whole = package(tmp_path)
    broken = fetch(tools, tmp_path, whole[: len(whole) // 2], "1", status)
    assert broken.returncode != 0 and "root and network" in broken.stderr
    own = tmp_path / "build" / "promtool"
    assert not own.exists()
    # The next one finds a package of another version beside what is left.
    again = fetch(tools, tmp_path, whole, "2")
    assert again.returncode == 0, again.stderr
    assert patient.run([str(own)], capture_output=True, text=True, check=True).stdout == "whole\n"


def test_postgresql_is_fetched_where_it_is_not(tools: Path, tmp_path: Path) -> None:
    script(tools / "apt-get", f'echo "$1" >> {tmp_path / "asked"}', '[ "$1" = update ]')
    command = ["make", "-f", str(ROOT / "Makefile"), "postgresql", f"POSTGRESQL={tmp_path / 'lib'}"]

    def make() -> subprocess.CompletedProcess[str]:
        return patient.run(command, env={"PATH": str(tools)}, capture_output=True, text=True, check=False)

    missing = make()
    assert missing.returncode != 0 and "root and network" in missing.stderr
    assert (tmp_path / "asked").read_text(encoding="utf-8").split() == ["update", "install"]
    kept = tmp_path / "lib" / "15" / "bin"
    kept.mkdir(parents=True)
    script(kept / "initdb")
    assert make().returncode == 0
    assert (tmp_path / "asked").read_text(encoding="utf-8").split() == ["update", "install"]


def test_a_file_that_cannot_be_run_is_no_promtool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    own = tmp_path / "promtool"
    assert found(own) is None
    own.touch(mode=0o644)
    assert found(own) is None
    own.chmod(0o755)
    assert found(own) == str(own)


def test_checks_and_unit_tests_run_where_nothing_can_be_fetched(tmp_path: Path) -> None:
    folder = tmp_path / ".ci"
    folder.mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / "run")
    script(tmp_path / "make", f'echo "$1" >> {tmp_path / "made"}', '[ "$1" != postgresql ]')
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = patient.run([str(folder / "run")], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "make postgresql  FAILED" in done.stdout
    assert (tmp_path / "made").read_text(encoding="utf-8").split() == ["check", "unit", "postgresql"]
