"""Calls that are made together, over an engine that is a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from adapters.execution.backends.backend import Backend, OwnWork
from adapters.execution.backends.batch_calls import Call, chosen
from adapters.execution.backends.batching import BatchingBackend
from adapters.execution.errors import is_first
from adapters.execution.values import Value
from stts.engine_api import EngineLimits, Progress
from stts.errors import EngineCrashed, EngineError
from tests.patience import PATIENCE

LIMITS = EngineLimits(batch=4, batch_seconds=10 / 16_000)
"""Ten samples together."""


class Script:
    """Says what it was given; waits at its gate first."""

    capacity = 1
    ready = False
    answered = False
    own_work = OwnWork(1.0, 2.0, 0.5)

    def __init__(self) -> None:
        self.made: list[list[str]] = []
        self.traces: list[list[str]] = []
        self.gate = threading.Event()
        self.began = threading.Semaphore(0)
        self.interrupts = 0
        self.loads = 0
        self.killed = False

    def seat(self, *, alone: bool = False) -> Backend:
        return self

    def memory(self) -> int:
        return 0

    def load(self, progress: Progress) -> None:
        self.ready, self.loads, self.killed = True, self.loads + 1, False

    def unload(self) -> None:
        self.ready = False

    def call(self, method: str, values: Sequence[Value]) -> Iterator[Value]:
        texts: list[Any] = [call[0] for call in values[0]] if method.endswith("_many") else [values[0]]  # type: ignore
        if not self.ready:
            raise EngineError("It is not loaded.")
        self.made.append(texts)
        self.began.release()
        assert self.gate.wait(PATIENCE)
        if self.killed:
            self.ready = False
            raise EngineCrashed("It died.")
        if "bad" in texts:
            raise EngineError("It was bad.")
        if not method.endswith("_many"):
            yield from texts
            return
        for number, text in reversed(list(enumerate(texts))):
            yield [number, [text]]

    def call_many(self, method: str, calls: Sequence[Sequence[Value]]) -> Iterator[tuple[int, Value]]:
        raise NotImplementedError

    def begin_call(self, traces: Sequence[str] = ()) -> None:
        self.traces.append(list(traces))

    def interrupt(self) -> None:
        self.interrupts += 1

    def kill(self) -> bool:
        self.killed = True
        self.gate.set()
        return True


class Asking:
    """One seat, and a thread that waits for its answer."""

    def __init__(self, backend: BatchingBackend, text: str, method: str = "transcribe") -> None:
        self.seat = backend.seat()
        self.seat.begin_call([f"trace of {text}"])
        self.answer: list[Value] | BaseException = []
        self._thread = threading.Thread(target=self._ask, args=(method, text))
        self._thread.start()

    def _ask(self, method: str, text: str) -> None:
        try:
            self.answer = list(self.seat.call(method, (text,)))
        except EngineError as error:
            self.answer = error

    def wait(self) -> list[Value] | BaseException:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.answer


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def backend(script: Script) -> Iterator[BatchingBackend]:
    backend = BatchingBackend(script, LIMITS)
    backend.load(lambda _step, _part: None)
    yield backend
    script.gate.set()
    backend.unload()


@pytest.fixture
def ask(backend: BatchingBackend, script: Script) -> Callable[..., list[Asking]]:
    """The first is at work, and the others wait, in this order."""

    def begin(*texts: str) -> list[Asking]:
        asking = [Asking(backend, texts[0])]
        assert script.began.acquire(timeout=PATIENCE)
        for number, text in enumerate(texts[1:], 1):
            asking.append(Asking(backend, text))
            while len(backend._waiting) < number:
                pass
        return asking

    return begin


def test_what_waits_is_made_together(script: Script, ask: Callable[..., list[Asking]]) -> None:
    asking = ask("a", "b", "c", "d")
    script.gate.set()
    assert [each.wait() for each in asking] == [["a"], ["b"], ["c"], ["d"]]
    assert script.made == [["a"], ["b", "c", "d"]]


def test_each_call_is_told_its_times_and_made_for_its_trace(script: Script, ask: Callable[..., list[Asking]]) -> None:
    asking = ask("a", "b", "c")
    script.gate.set()
    for each in asking:
        each.wait()
    together = script.own_work._replace(together=2)
    assert [each.seat.own_work for each in asking] == [script.own_work, together, together]
    # The load before was announced for nobody's.
    assert script.traces == [[], ["trace of a"], ["trace of b", "trace of c"]]


def test_an_error_is_its_own_calls_alone(script: Script, ask: Callable[..., list[Asking]]) -> None:
    asking = ask("a", "b", "bad", "d")
    script.gate.set()
    answers = [each.wait() for each in asking]
    assert isinstance(answers.pop(2), EngineError)
    assert answers == [["a"], ["b"], ["d"]]


def test_a_kill_ends_the_call_that_runs(script: Script, ask: Callable[..., list[Asking]]) -> None:
    (alone,) = ask("a")
    assert alone.seat.kill()
    crash = alone.wait()
    assert isinstance(crash, EngineCrashed) and is_first(crash)
    assert not alone.seat.answered and not alone.seat.ready


def test_calls_that_die_together_are_one_crash(script: Script, backend: BatchingBackend) -> None:
    calls = [Call("transcribe", (text,)) for text in "abc"]
    script.kill()
    backend._make(calls)
    crashes = [call.answers.get()[1] for call in calls]
    assert all(isinstance(each, EngineCrashed) for each in crashes)
    assert [is_first(each) for each in crashes if isinstance(each, BaseException)] == [True, False, False]


def test_calls_that_wait_while_a_child_dies_go_to_another(
    script: Script, backend: BatchingBackend, ask: Callable[..., list[Asking]]
) -> None:
    asking = ask("a", "b", "c")
    script.kill()
    crashes = [each.wait() for each in asking]
    assert all(isinstance(each, EngineCrashed) for each in crashes)
    assert [is_first(each) for each in crashes if isinstance(each, BaseException)] == [True, False, False]
    asking[1].seat.load(lambda _step, _part: None)
    assert list(asking[1].seat.call("transcribe", ("b",))) == ["b"]
    assert script.made == [["a"], ["b"]]


def test_whoever_leaves_does_not_disturb_the_others(script: Script, ask: Callable[..., list[Asking]]) -> None:
    asking = ask("a", "b", "c")
    asking[1].seat.interrupt()
    asking[2].seat.kill()
    script.gate.set()
    assert asking[0].wait() == ["a"] and not script.killed
    assert [each.wait() for each in asking[1:]] == [[], []]
    assert script.interrupts == 0 and script.made == [["a"]]


def test_whoever_leaves_while_it_waits_is_free_at_once(script: Script, ask: Callable[..., list[Asking]]) -> None:
    first, second, third = ask("first", "second", "third")
    second.seat.interrupt()
    assert second.wait() == []
    script.gate.set()
    assert (first.wait(), third.wait()) == (["first"], ["third"])
    assert script.made == [["first"], ["third"]]
    assert script.interrupts == 0


def test_a_call_that_was_left_before_it_came_is_not_made(script: Script, backend: BatchingBackend) -> None:
    call = Call("transcribe", ("late",))
    backend.leave(call)
    backend.submit(call)
    assert call.answers.get(timeout=PATIENCE) == ("end", None)
    assert script.made == []


def test_the_engine_is_stopped_when_nobody_wants_its_answer(script: Script, ask: Callable[..., list[Asking]]) -> None:
    (alone,) = ask("a")
    alone.seat.interrupt()
    script.gate.set()
    assert (alone.wait(), script.interrupts) == ([], 1)


def test_one_load_for_all_seats(script: Script, backend: BatchingBackend) -> None:
    for _ in range(3):
        backend.seat().load(lambda _step, _part: None)
    assert script.loads == 1


def test_not_loaded(script: Script) -> None:
    with pytest.raises(EngineError, match="not loaded"):
        list(BatchingBackend(script, LIMITS).seat().call("transcribe", ("a",)))


@pytest.mark.parametrize(
    ("waiting", "taken"),
    [
        ([], []),
        (["aaaa", "b", "cc"], ["aaaa", "b", "cc"]),
        (["a", "bbbbbbbb", "cc", "ddd"], ["a", "cc", "ddd"]),
        (["aaaaaaaaaaaaaaaaaaaa", "b"], ["aaaaaaaaaaaaaaaaaaaa"]),
        (["a", "b", "c", "d", "e"], ["a", "b", "c", "d"]),
    ],
)
def test_the_oldest_and_the_shortest_that_fit(waiting: list[str], taken: list[str]) -> None:
    calls = [Call("transcribe", (text,)) for text in waiting]
    assert [call.values[0] for call in chosen(calls, 4, 10)] == taken


def test_other_methods_are_made_alone() -> None:
    calls = [Call("begin", ("a",)), Call("transcribe", ("b",))]
    assert chosen(calls, 4, 10) == calls[:1]


def test_a_call_that_has_cost_a_child_is_made_alone() -> None:
    poison, *others = [Call("transcribe", (text,), alone=text == "a") for text in "abc"]
    assert chosen([poison, *others], 4, 10) == [poison]
    assert chosen([others[0], poison, others[1]], 4, 10) == others
