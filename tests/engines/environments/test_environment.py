"""Which environment is used, by what lies on the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines.environments.environment import MARK, PYTHON, Environment, mark, read, remove
from engines.environments.requirements import LISTS, WORKER_LIST, requirements_of
from engines.registry import BUILTIN, Registry
from stts.engine_api import EngineInfo
from tests.engines.environments.conftest import Made
from tests.engines.environments.package_index import LINES, requirements


def lay(folder: Path, *, marked: bool = True, python: bool = True) -> Path:
    """Lays an environment on the disk, or a part of one."""
    (folder / PYTHON).parent.mkdir(parents=True)
    if python:
        (folder / PYTHON).touch()
    if marked:
        mark(folder, ["b==2", "a==1"])
    return folder


def test_none_is_there_at_first(environment: Made) -> None:
    made = environment()
    assert (made.state, made.find(), list(made.folders())) == ("absent", None, [])


def test_one_that_is_marked_is_used(environment: Made) -> None:
    made = environment()
    folder = lay(made.folder(made.roots[0]))
    found = made.find()
    assert found is not None and (found.folder, found.packages) == (folder, ("a==1", "b==2"))
    assert (made.state, found.python) == ("ready", folder / PYTHON)


def test_the_home_folder_is_looked_at_too(environment: Made) -> None:
    made = environment()
    lay(made.folder(made.roots[1]))
    assert made.state == "ready"


@pytest.mark.parametrize("lacking", ["marked", "python"])
def test_one_that_is_half_made_is_not(environment: Made, lacking: str) -> None:
    made = environment()
    folder = lay(made.folder(made.roots[0]), **{lacking: False})
    assert (made.state, made.find(), list(made.folders())) == ("absent", None, [folder])


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"packages": 3}', "null"])
def test_a_mark_that_cannot_be_read_is_none(environment: Made, text: str) -> None:
    made = environment()
    folder = lay(made.folder(made.roots[0]))
    (folder / MARK).write_text(text)
    assert made.find() is None


def test_one_of_earlier_requirements_is_used_until_there_is_a_new_one(environment: Made) -> None:
    old, new = environment("voice==1"), environment("voice==2")
    lay(old.folder(old.roots[0]))
    assert (new.state, new.find() and new.find().folder) == ("outdated", old.folder(old.roots[0]))  # type: ignore[union-attr]
    lay(new.folder(new.roots[1]))
    assert (new.state, new.find() and new.find().folder) == ("ready", new.folder(new.roots[1]))  # type: ignore[union-attr]


def test_another_interpreter_is_another_environment(environment: Made) -> None:
    made, other = environment(), environment(python="/usr/bin/other")
    assert made.folder(Path()) != other.folder(Path())


def test_names_that_begin_alike_are_not_mixed_up(tmp_path: Path) -> None:
    short, long = (Environment(requirements(name=name), [tmp_path], "python") for name in ("voice", "voice-large"))
    lay(long.folder(tmp_path))
    assert (short.state, long.state) == ("absent", "ready")


def test_what_is_removed_loses_its_mark_first(environment: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lay(environment().folder(environment().roots[0]))

    def interrupted(path: Path) -> None:
        raise OSError

    monkeypatch.setattr("shutil.rmtree", interrupted)
    with pytest.raises(OSError):
        remove(folder)
    assert folder.is_dir() and read(folder) is None


def test_a_mark_is_a_list_of_packages(tmp_path: Path) -> None:
    mark(tmp_path, ["b==2", "a==1"])
    assert json.loads((tmp_path / MARK).read_text()) == {"packages": ["a==1", "b==2"]}


def test_requirements_are_the_engine_s_and_those_of_every_worker() -> None:
    found = requirements()
    assert found.name == "voice" and found.lines[: len(LINES)] == LINES
    assert [line.partition(">=")[0] for line in found.lines[len(LINES) :]] == ["numpy", "pydantic"]


def test_engines_with_the_same_list_share_an_environment() -> None:
    chatterbox, turbo = (Registry().create(name).info for name in ("chatterbox", "chatterbox_turbo"))
    one, other = requirements_of(chatterbox, "chatterbox"), requirements_of(turbo, "chatterbox_turbo")
    assert one is not None and one == other and one.name == "chatterbox"
    assert not any(line.startswith("#") or " #" in line for line in one.lines)


def test_an_engine_without_requirements_has_none() -> None:
    assert requirements_of(EngineInfo(name="none", kind="tts", description=""), "none") is None


def test_every_list_of_an_engine_is_there_and_has_bounds() -> None:
    for name in BUILTIN:
        info = Registry().create(name).info
        assert (info.runs_in == "worker") <= bool(info.requirements), name
        for each in info.requirements:
            assert (LISTS / each).is_file()
    for line in WORKER_LIST.read_text().splitlines():
        assert line.startswith("#") or (">=" in line and ",<" in line)
