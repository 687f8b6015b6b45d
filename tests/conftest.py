"""Every test has one kind, and a unit test opens no socket and starts no process."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from hypothesis.internal.conjecture import providers

from stts.environment import keep_quiet
from tests.belongings import GIVEN_BACK, Belongings, as_found, belongings, changes
from tests.caching import cache_by_default
from tests.kinds import KINDS, SERVERS, kinds, may_hold
from tests.late import pytest_end_machine as pytest_end_machine
from tests.late import pytest_hold_in_real_time as pytest_hold_in_real_time
from tests.late import pytest_tell_of_slow_machines as pytest_tell_of_slow_machines
from tests.order import in_order

# The same examples each time: what was right yesterday is right today. `--hypothesis-profile exploring` looks
# for others.
settings.register_profile("exploring", deadline=None)
settings.register_profile("patient", deadline=None, derandomize=True)
settings.load_profile("patient")

FORBIDDEN = ("socket.bind", "socket.connect", "subprocess.Popen", "os.posix_spawn", "os.fork", "os.system", "os.exec")
"""Audit events that no unit test raises."""


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--hypothesis-profile", None) is None:
        draw_alike()
    sys.addaudithook(guard)
    keep_quiet()  # Some tests import a library of an engine before there is a registry.
    cache_by_default(wanted=False)
    reset_log()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files without a test of the one kind that is asked for: each worker imports all others."""
    kind = config.option.markexpr
    is_test = collection_path.suffix == ".py" and collection_path.name.startswith("test_")
    return True if is_test and kind in KINDS and not may_hold(collection_path, kind) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not kinds(item):
            uses = SERVERS.intersection(getattr(item, "fixturenames", ()))
            item.add_marker("socket" if uses else "unit")
        for kind in kinds(item):
            assert may_hold(item.path, kind), f"{item.nodeid} is not found by its kind, {kind}: mark it"
    items[:] = in_order(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nobody looks for garbage in what is imported and stays: that takes a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """All that was imported and collected stays: what collects garbage later need not look at it again."""
    gc.collect()
    gc.freeze()


def draw_alike() -> None:
    """Keeps hypothesis from drawing constants of our modules: it takes those that are imported by then, which a worker
    with other files, or another order of them, has not."""
    assert hasattr(providers, "_get_local_constants"), "this hypothesis finds constants elsewhere"
    providers._get_local_constants = lambda: providers._local_constants


class Guard:
    """Fails the unit test that opens a socket or starts a process."""

    def __init__(self) -> None:
        self._forbidden = FORBIDDEN  # a hook outlives the names of its module
        self._test: str | None = None
        self._others: frozenset[threading.Thread] = frozenset()

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in self._forbidden and self._test is not None and threading.current_thread() not in self._others:
            pytest.fail(f"{event} in {self._test}, which is not marked `socket`.")

    @contextmanager
    def watching(self, test: str) -> Iterator[None]:
        """Threads that run before belong to a server that an earlier test of another kind has left running."""
        self._others = frozenset(threading.enumerate()) - {threading.current_thread()}
        self._test = test
        try:
            yield
        finally:
            self._test = None


guard = Guard()


FOUND = pytest.StashKey[Belongings]()
"""Belongings of the process as the test has found them."""
CHECKED = {"unit": frozenset[str](), "socket": GIVEN_BACK}
"""Kinds of tests of which no library sets variables as it is imported, and what each may change."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    item.stash[FOUND] = belongings()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fails the test that leaves changed what belongs to the process, and not a later one that finds it so."""
    done = yield
    for kind in CHECKED.keys() & kinds(item):
        if left := changes(item.stash[FOUND], belongings(), CHECKED[kind]):
            told = "The test has left changed (use monkeypatch or tests.belongings, which give it back):"
            pytest.fail("\n".join([told, *left]), pytrace=False)
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    try:
        with as_found(), guard.watching(item.nodeid) if item.get_closest_marker("unit") else nullcontext():
            return (yield)
    finally:
        if nextitem is None or nextitem.path != item.path:
            reset_log()


def reset_log() -> None:
    """Where lines go is a matter of the process: what one file of tests has set up, no other one finds."""
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in [each for each in root.handlers if type(each).__module__.startswith("middleware.")]:
        root.removeHandler(handler)
    root.setLevel(logging.WARNING)
    # With all local variables in colour, as structlog has them where `rich` is installed, one takes half a second.
    structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback


@pytest.fixture(scope="session")
def worker_environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the environment of engines under test that run as workers, really installed once."""
    # Here, so that only tests with workers pay for their import.
    from engines.environments.environment import Environment
    from engines.environments.estimate import UNKNOWN
    from engines.environments.installer import install
    from engines.environments.tools import pip
    from tests.engines.environments.package_index import index_variables, make_index, requirements

    folder = tmp_path_factory.mktemp("workers")
    environment = Environment(requirements(name="script"), [folder / "environments"], sys.executable)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in index_variables(make_index(folder / "index")).items():
            patched.setenv(name, value)
        install(environment, progress=lambda step, part: None, known=UNKNOWN, tool=pip(sys.executable))
    return folder / "environments"


@pytest.fixture(scope="session")
def worker_python(worker_environments: Path) -> Path:
    """The interpreter of that environment."""
    (folder,) = [each for each in worker_environments.iterdir() if each.is_dir()]
    return folder / "bin" / "python"
