from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stts.environment import PACKAGES, QUIET, keep_quiet, require_packages
from tests import patient

ROOT = Path(__file__).parents[2]


def test_a_python_with_all_packages_may_go_on() -> None:
    require_packages()


def test_a_missing_package_is_one_sentence_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        require_packages([*PACKAGES, "no_such_package"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "no_such_package" in told and "make serve" in told


def test_what_the_operator_lets_libraries_tell_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in QUIET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    keep_quiet()
    assert {name: os.environ[name] for name in QUIET} == {**QUIET, "ORT_DISABLE_TELEMETRY": "0"}


@pytest.mark.socket
def test_no_library_of_an_engine_tells_its_maker_what_runs_here(tmp_path: Path) -> None:
    """ONNX Runtime would make an identifier of the machine, and a store of what it is going to send, at its import."""
    load = "from engines.registry import Registry; Registry().create('silero').load(print)"
    loud = (*QUIET, "CI", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in loud} | {"HOME": str(tmp_path)}
    patient.run([sys.executable, "-c", load], cwd=ROOT, env=environment, check=True)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.socket
def test_the_server_says_so_outside_its_environment() -> None:
    """An interpreter without site-packages stands for any Python that is not the server's own."""
    command = [sys.executable, "-I", "-S", "-c", RUN]
    ended = patient.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and "pip install -r requirements/base.txt" in ended.stderr


RUN = "import runpy, sys; sys.path.insert(0, '.'); runpy.run_path('server_v2.py', run_name='__main__')"
