"""Environments are really installed, offline, from wheels on the disk: by pip, and by what looks like uv."""

from __future__ import annotations

import fcntl
import http.server
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engines.environments import installer, tools
from engines.environments.environment import Environment, read
from engines.environments.estimate import UNKNOWN, Estimate, estimate, size_of
from engines.environments.installer import clear_outdated, install, uninstall
from engines.environments.requirements import Requirements
from engines.environments.tools import choose_tool, own_pip, pip, run, uv
from engines.models.pip_settings import PipSettings
from stts.cancellation import Cancellation, Cancelled
from stts.errors import Conflict, EngineInstallFailed, StorageFailed, StorageFull
from tests import patient
from tests.engines.environments.conftest import Made
from tests.engines.environments.package_index import VOICE, VOICE_MODULE, make_wheel
from tests.patience import PATIENCE

pytestmark = [pytest.mark.socket, pytest.mark.usefixtures("offline")]


ROOT = Path(__file__).parents[3]


def quiet(step: str, part: float | None) -> None:
    pass


def left(environment: Environment) -> list[str]:
    """Names of all that lies in its folders, locks aside."""
    return [each.name for root in environment.roots if root.is_dir() for each in root.iterdir() if each.is_dir()]


def version_in(environment: Environment) -> str:
    """The version of the engine's package that its interpreter imports."""
    found = environment.find()
    assert found is not None
    program = f"import {VOICE_MODULE}, numpy, pydantic; print({VOICE_MODULE}.VERSION)"
    return patient.run([found.python, "-I", "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_an_environment_is_installed_and_says_before_what_it_fetches(environment: Made) -> None:
    made = environment()
    steps: list[tuple[str, float | None]] = []
    plans: list[Estimate] = []

    def confirm(plan: Estimate) -> bool:
        plans.append(plan)
        assert made.find() is None
        return True

    found = install(made, progress=lambda step, part: steps.append((step, part)), confirm=confirm)
    (plan,) = plans
    assert [package.name for package in plan.packages if package.name == VOICE] == [VOICE]
    assert plan.download_bytes == sum(package.bytes or 0 for package in plan.packages) > 1000
    assert made.find() is not None and version_in(made) == "1.5"
    assert {f"{VOICE}==1.5", "numpy==2.3.0"} <= set(found.packages)
    assert steps[0] == ("asking the package index", None)
    assert {"making the environment", "downloading"} <= {step for step, _ in steps}
    assert all(part is None or 0 <= part <= 1 for _, part in steps)
    # Found again at once, asking nothing and nobody.
    assert install(made, progress=quiet, confirm=lambda plan: False) == found
    half = made.roots[0] / f"{made.name}-12345678"
    half.mkdir()
    outdated = environment("stts-test-voice<1.2", "stts-test-site")
    assert outdated.state == "outdated" and version_in(outdated) == "1.5"
    steps.clear()
    install(outdated, progress=lambda step, part: steps.append((step, part)), known=plan)
    assert steps[0] == ("making the environment", None)
    assert not half.exists() and version_in(outdated) == "1.0" and version_in(made) == "1.5"
    clear_outdated(outdated)
    assert left(outdated) == [outdated.folder(Path()).name]
    uninstall(outdated)
    assert left(outdated) == [] and outdated.find() is None


def test_nothing_is_installed_where_somebody_says_no(environment: Made) -> None:
    made = environment()
    with pytest.raises(Cancelled):
        install(made, progress=quiet, confirm=lambda plan: False)
    assert left(made) == []


def test_what_cannot_be_had_is_told_and_leaves_nothing(environment: Made) -> None:
    made = environment("stts-test-voice>=3", "stts-test-site")
    with pytest.raises(EngineInstallFailed, match="No matching distribution found for stts-test-voice"):
        install(made, progress=quiet)
    assert left(made) == []


def test_an_installation_that_breaks_off_leaves_nothing(environment: Made, index: Path, tmp_path: Path) -> None:
    """True of a wheel that is damaged, which shows only when it is unpacked."""
    folder = tmp_path / "damaged"
    shutil.copytree(index, folder)
    wheel = make_wheel(folder, VOICE, "1.9", {f"{VOICE_MODULE}.py": "VERSION = 1"})
    made = environment()

    def damage(plan: Estimate) -> bool:
        wheel.write_bytes(wheel.read_bytes()[:-40])
        return True

    os.environ["PIP_FIND_LINKS"] = str(folder)
    with pytest.raises(EngineInstallFailed):
        install(made, progress=quiet, confirm=damage)
    assert left(made) == []


def test_a_cancelled_installation_leaves_nothing(environment: Made) -> None:
    made, cancellation = environment(), Cancellation()

    def cancel(step: str, part: float | None) -> None:
        if step == "downloading":
            threading.Timer(0.05, cancellation.cancel).start()

    with pytest.raises(Cancelled):
        install(made, progress=cancel, cancellation=cancellation)
    assert left(made) == [] and made.state == "absent"


def test_a_server_that_dies_in_an_installation_leaves_what_is_never_used(environment: Made) -> None:
    made = environment()
    folder = made.folder(made.roots[0])
    patient.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    assert (made.state, read(folder)) == ("absent", None)
    uninstall(made)
    assert left(made) == []


def test_one_process_installs_at_a_time(environment: Made) -> None:
    made = environment()
    made.roots[0].mkdir()
    with open(made.roots[0] / f".{made.name}.lock", "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for refused in (lambda: install(made, progress=quiet), lambda: uninstall(made)):
            with pytest.raises(Conflict):
                refused()


def test_the_home_folder_is_used_where_the_first_cannot_be(environment: Made, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    made = environment(root="file")
    assert installer._writable(made.roots) == tmp_path / "home"
    with pytest.raises(StorageFailed):
        installer._writable(made.roots[:1])


def test_a_full_disk_is_told_before_anything_is_fetched(environment: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        free = 100

    monkeypatch.setattr("shutil.disk_usage", lambda path: Full)
    with pytest.raises(StorageFull):
        install(environment(), progress=quiet)
    assert left(environment()) == []


def test_uv_is_taken_where_it_is(environment: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script in its place runs pip by uv's commands."""
    program = tmp_path / "uv"
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = venv ]; then exec "$4" -m venv --without-pip "$5"; fi\n'
        'if [ "$1 $2 $3 $4" = "pip install --no-config --python" ]; then python="$5"; shift 5;'
        f' exec {sys.executable} -m pip --python "$python" install "$@"; fi\n'
        "exit 3\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr("shutil.which", lambda name: str(program) if name == "uv" else None)
    assert choose_tool(sys.executable, Cancellation()).name == "uv"
    made = environment()
    install(made, progress=quiet)
    assert version_in(made) == "1.5"


def test_commands_install_into_the_environment_and_nowhere_else() -> None:
    python, there = "/usr/bin/python3", "/environments/voice/bin/python"
    for tool in (pip(python), uv(python, "/usr/bin/uv")):
        command = tool.install(Path("/environments/voice"))
        assert command[command.index("--python") + 1] == there and python not in command[1:]
    assert own_pip(python).install(Path("/environments/voice"))[0] == there


def test_an_interpreter_without_pip_gives_each_environment_its_own(
    environment: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    patient.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    made = environment(python=str(bare / "bin" / "python"))
    tool = choose_tool(made.python, Cancellation())
    assert tool.make == own_pip(made.python).make
    monkeypatch.setattr(tools, "PIP_FOR_OTHERS", (99, 0))
    assert choose_tool(sys.executable, Cancellation()).make == own_pip(sys.executable).make, "too old for it"
    assert tool.install(tmp_path)[0] == str(tmp_path / "bin" / "python")


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineInstallFailed, match="cannot be started"):
        run([str(tmp_path / "none")], Cancellation())


def test_keys_of_an_index_are_in_no_message() -> None:
    program = "print('Looking in https://me:secret@index.example/simple'); raise SystemExit(1)"
    lines: list[str] = []
    with pytest.raises(EngineInstallFailed) as caught:
        run([sys.executable, "-c", program], Cancellation(), lines.append)
    assert "secret" not in str(caught.value) + str(lines) and "index.example" in str(caught.value)


def test_a_cancelled_program_ends_with_what_it_has_started() -> None:
    cancellation = Cancellation()
    started = "print(1, flush=True); import time; time.sleep(600)"
    program = f"import subprocess, sys; patient.run([sys.executable, '-c', {started!r}])"
    with pytest.raises(Cancelled):
        run([sys.executable, "-c", program], cancellation, lambda line: cancellation.cancel())


@pytest.fixture
def server() -> Iterator[str]:
    """Tells the size of some files and not of others."""

    class Sizes(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            wanted = {"/secret": "Basic YW5uYTpwYXNz", "/gated": "Bearer hf_token"}.get(self.path)
            if "away" in self.path:
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{self.connection.getsockname()[1]}/secret")
            elif wanted is not None and self.headers.get("Authorization") != wanted:
                self.send_response(401)
            else:
                self.send_response(404 if "none" in self.path else 200)
            if "known" in self.path or wanted is not None:
                self.send_header("Content-Length", "123")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sizes) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        served.shutdown()
        thread.join(PATIENCE)


def test_sizes_are_those_that_servers_tell(server: str, tmp_path: Path) -> None:
    file = tmp_path / "a wheel.whl"
    file.write_bytes(bytes(77))
    names = (
        f"{server}/known",
        f"{server}/unknown-not",
        f"{server}/none",
        file.as_uri(),
        "http://127.0.0.1:1/",
        "odd:x",
    )
    plain = PipSettings((), None)
    assert [size_of(name, Cancellation(), plain) for name in names][:1] == [123]
    assert [size_of(name, Cancellation(), plain) for name in names[2:]] == [None, 77, None, None]


def test_servers_that_ask_for_a_key_are_given_their_own(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(path: str, *indexes: str) -> int | None:
        return size_of(f"{server}{path}", Cancellation(), PipSettings(indexes, None))

    index = server.replace("http://", "http://anna:pass@") + "/simple"
    assert asked("/secret", "https://elsewhere.test/simple", index) == 123
    assert asked("/secret", index.replace("127.0.0.1", "localhost")) is None  # another server's
    assert asked("/away", index) is None  # a redirect to another server takes no key along
    monkeypatch.setenv("HF_TOKEN", "hf_token")
    assert asked("/gated") is None
    monkeypatch.setenv("HF_ENDPOINT", server)
    assert asked("/gated") == 123


def test_without_pip_nobody_can_say(environment: Made, tmp_path: Path) -> None:
    patient.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    made = environment(python=str(tmp_path / "bare" / "bin" / "python"))
    found = estimate(made.requirements, made.python, Cancellation())
    assert (found.packages, found.download_bytes) == ((), None)


KILLED = """
import sys
from pathlib import Path
from engines.environments.environment import Environment
from engines.environments.estimate import UNKNOWN
from engines.environments.installer import install
from engines.environments.requirements import Requirements
from engines.environments.tools import Tool

root, told = sys.argv[1:]
making = f"import os, signal; open({told!r}, 'w').write(str(os.getpid()) + ' '); signal.pause()"
tool = Tool("endless", (sys.executable, "-c", making), lambda folder: ())
made = Environment(Requirements("voice", ("nothing",)), [Path(root)], sys.executable)
install(made, progress=lambda *_: None, known=UNKNOWN, tool=tool)
"""


def test_what_a_killed_server_was_installing_is_left_alone_until_it_has_ended(tmp_path: Path) -> None:
    told = tmp_path / "told"
    server = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), str(told)], cwd=ROOT)
    made = Environment(Requirements("voice", ("nothing",)), [tmp_path], sys.executable)
    try:
        until(lambda: told.exists() and told.read_text().endswith(" "))
    finally:
        server.kill()
        server.wait()
    tool = int(told.read_text())
    try:
        with pytest.raises(Conflict):
            install(made, progress=quiet, known=UNKNOWN)
    finally:
        os.killpg(tool, signal.SIGKILL)
    until(lambda: free(made))


def free(environment: Environment) -> bool:
    try:
        uninstall(environment)
    except Conflict:
        return False
    return True


def until(condition: Callable[[], bool]) -> None:
    """Looks until it is so."""
    pause, end = threading.Event(), time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        pause.wait(0.01)
