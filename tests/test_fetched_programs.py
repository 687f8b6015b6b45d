"""Programs that `make` and `.ci/run` fetch come whole or not at all, and not before what needs none has run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests import patient
from tests.images import fetching
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


def ci(folder: Path, *make: str, pauses: str = "") -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """`.ci/run` with these lines in the place of `make`, and what it has made."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    script(folder / "make", f'echo "$*" >> {folder / "made"}', *make)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PAUSES": pauses}
    command = [str(folder / ".ci" / "run")]
    done = patient.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done, (folder / "made").read_text(encoding="utf-8").splitlines()


def test_checks_and_unit_tests_run_where_nothing_can_be_fetched(tmp_path: Path) -> None:
    done, made = ci(tmp_path, '[ "$1" != postgresql ]')
    assert done.returncode != 0 and "fetched postgresql  FAILED" in done.stdout
    assert made == [".venv/.dev", "check", "unit", "postgresql"]


def test_what_a_mirror_does_not_give_is_asked_for_again_and_a_test_is_not(tmp_path: Path) -> None:
    came = tmp_path / "came"
    stalls = f'[ "$1" != redis ] || [ -e {came} ] || {{ touch {came}; exit 1; }}'
    done, made = ci(tmp_path, stalls, '[ "$1" != socket ]', pauses="0")
    assert done.returncode != 0 and "make socket  FAILED" in done.stdout
    assert made.count("redis") == 2 and made.count("socket") == 1
    assert "redis is tried again" in done.stderr


def test_environments_that_come_beside_the_tests_must_be_there_for_those_that_need_them(tmp_path: Path) -> None:
    done, made = ci(tmp_path, '[ "$1" != engines ] || { echo no torch here; exit 1; }')
    assert done.returncode != 0 and "no torch here" in done.stderr
    assert "test-pages" in made and "test-torch" not in made


def test_what_runs_beside_another_part_fails_the_whole_and_tells_why(tmp_path: Path) -> None:
    done, made = ci(tmp_path, '[ "$1" != test-pages ] || { echo a page is wrong; exit 1; }')
    assert done.returncode != 0 and "a page is wrong" in done.stdout
    assert "both test-talks test-pages  FAILED" in done.stdout and "test-torch" not in made


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="what starts ignored stays so")
def test_what_runs_beside_another_part_can_be_interrupted(tmp_path: Path) -> None:
    told = tmp_path / "ignored"
    ci(tmp_path, f'[ "$1" != test-pages ] || sed -n "s/^SigIgn:[^0-9a-f]*//p" /proc/self/status > {told}')
    assert not int(told.read_text(encoding="utf-8"), 16) & 1 << signal.SIGINT - 1


def test_a_machine_where_all_is_well_has_made_all_of_it(tmp_path: Path) -> None:
    done, made = ci(tmp_path)
    assert done.returncode == 0 and "FAILED" not in done.stdout
    parts = {"check", "unit", "socket", "test-images", "test-talks", "test-pages", "test-torch", "test-onnx"}
    assert parts < set(made)


@pytest.mark.parametrize(("said", "tries"), [("Connection timed out", 2), ("No such package", 1)])
def test_an_image_is_built_again_where_a_mirror_stalls(tmp_path: Path, said: str, tries: int) -> None:
    asked = tmp_path / "asked"
    script(tmp_path / "build", f"echo >> {asked}", f"[ $(wc -l < {asked}) -gt 1 ] || {{ echo {said}; exit 1; }}")
    with nullcontext() if tries > 1 else pytest.raises(AssertionError, match=said):
        fetching([tmp_path / "build"])
    assert len(asked.read_text(encoding="utf-8").splitlines()) == tries
