"""An estimate costs minutes of a package index: it is asked for once, few are at once, and nobody else waits."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from pathlib import Path

import pytest

from adapters import estimates
from adapters.estimates import AT_ONCE, Estimates
from adapters.jobs import Jobs
from engines.environments.environment import Environment
from engines.environments.estimate import UNKNOWN, Estimate, Package
from engines.environments.requirements import Requirements
from stts.cancellation import Cancellation, Cancelled
from stts.errors import EngineInstallFailed, ShuttingDown
from tests.patient import PATIENCE

ANSWER = Estimate((Package("one", "1", "one-1-py3-none-any.whl", 10),))


class Index:
    """A package index that answers when it is told to."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked: Counter[str] = Counter()
        self.threads: set[str] = set()
        self.given_up = threading.Semaphore(0)
        self.reached = threading.Semaphore(0)
        self.failure: Exception | None = None
        self.answer = ANSWER

    def estimate(self, requirements: Requirements, python: str, cancellation: Cancellation) -> Estimate:
        self.asked[requirements.name] += 1
        self.threads.add(threading.current_thread().name)
        cancellation.interrupt_by(self.gate.set)
        self.reached.release()
        self.gate.wait(PATIENCE)
        if cancellation.cancelled:
            self.given_up.release()
            raise Cancelled
        if self.failure is not None:
            raise self.failure
        return self.answer

    async def until_asked(self) -> None:
        assert await asyncio.to_thread(self.reached.acquire, timeout=PATIENCE)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    made = Index()
    monkeypatch.setattr(estimates, "estimate", made.estimate)
    return made


def environment(name: str) -> Environment:
    return Environment(Requirements(name, (name,)), [Path("nowhere")], "python")


async def test_many_who_ask_wait_for_one_answer_that_is_kept(index: Index) -> None:
    made = Estimates()
    asked = [asyncio.create_task(made.of(environment("a"))) for _ in range(20)]
    await index.until_asked()
    asked[0].cancel()
    await asyncio.wait(asked[:1])
    index.gate.set()
    assert await asyncio.gather(*asked[1:]) == [ANSWER] * 19
    assert await made.of(environment("a")) is ANSWER
    assert index.asked == {"a": 1}
    assert made.known(environment("a")) is ANSWER
    made.close()


async def test_few_are_asked_for_at_once_and_in_threads_of_their_own(index: Index) -> None:
    made = Estimates()
    asked = [asyncio.create_task(made.of(environment(str(number)))) for number in range(10)]
    for _ in range(AT_ONCE):
        await index.until_asked()
    assert len(index.asked) == AT_ONCE
    index.gate.set()
    await asyncio.gather(*asked)
    assert len(index.asked) == 10
    assert all(name.startswith("estimate") for name in index.threads) and len(index.threads) <= AT_ONCE
    made.close()


async def test_a_question_that_all_have_left_is_given_up_and_asked_anew(index: Index) -> None:
    made = Estimates()
    asked = [asyncio.create_task(made.of(environment("a"))) for _ in range(2)]
    await index.until_asked()
    for task in asked:
        task.cancel()
    await asyncio.wait(asked)
    again = asyncio.create_task(made.of(environment("a")))
    assert await again is ANSWER, "its gate stays open"
    assert await asyncio.to_thread(index.given_up.acquire, timeout=PATIENCE)
    made.close()


async def test_a_failure_is_told_to_all_and_not_kept(index: Index) -> None:
    made = Estimates()
    index.failure = EngineInstallFailed("They do not go together.")
    asked = [asyncio.create_task(made.of(environment("a"))) for _ in range(2)]
    await index.until_asked()
    index.gate.set()
    for task in asked:
        with pytest.raises(EngineInstallFailed):
            await task
    index.failure = None
    assert await made.of(environment("a")) is ANSWER
    made.close()


async def test_an_answer_that_nobody_can_give_now_is_asked_for_again(index: Index) -> None:
    made = Estimates()
    index.gate.set()
    index.answer = UNKNOWN
    assert await made.of(environment("a")) == UNKNOWN
    index.answer = ANSWER
    assert await made.of(environment("a")) is ANSWER
    made.close()


async def test_an_index_that_takes_too_long_is_given_up(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "ESTIMATE_SECONDS", 0.05)
    made = Estimates()
    assert await made.of(environment("a")) is UNKNOWN
    assert made.known(environment("a")) is None
    made.close()


async def test_the_wait_for_a_thread_is_not_in_the_time_limit(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Estimates()
    limits: list[float] = []
    real = asyncio.timeout

    def timeout(seconds: float) -> asyncio.Timeout:
        limits.append(seconds)
        return real(seconds)

    monkeypatch.setattr("adapters.estimates.asyncio.timeout", timeout)
    asked = [asyncio.create_task(made.of(environment(str(number)))) for number in range(AT_ONCE + 1)]
    for _ in range(AT_ONCE):
        await index.until_asked()
    assert len(limits) == AT_ONCE
    index.gate.set()
    assert await asyncio.gather(*asked) == [ANSWER] * (AT_ONCE + 1)
    assert len(limits) == AT_ONCE + 1
    made.close()


async def test_those_who_wait_when_the_server_stops_are_told_so(index: Index) -> None:
    made = Estimates()
    asked = [asyncio.create_task(made.of(environment(name))) for name in ("a", "a", "b", "c")]
    for _ in range(AT_ONCE):
        await index.until_asked()
    made.close()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ShuttingDown] * 4


async def test_nothing_is_asked_when_the_server_stops(index: Index) -> None:
    made = Estimates()
    made.close()
    with pytest.raises(ShuttingDown):
        await made.of(environment("a"))


async def test_jobs_take_no_threads_of_others() -> None:
    jobs, names = Jobs(), []
    job = jobs.start("pull", "small", lambda *_: names.append(threading.current_thread().name))
    async for _ in job.changes():
        pass
    assert names[0].startswith("job")
    await jobs.close()
