"""Long work that a client starts and then follows: fetching a model, installing an engine.

Each job is one blocking call in a thread. Few run at once, a few more wait, and a job that is asked for again while it
runs is the one that runs.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol

import structlog

from stts.access.viewer import SERVER, Viewer
from stts.cancellation import Cancellation, Cancelled
from stts.errors import Busy, NotFound, ShuttingDown, STTSError
from stts.tracebacks import describe

JobState = Literal["running", "done", "failed", "cancelled"]

AT_ONCE = 2
"""Jobs that work at once."""
MOST_RUNNING = 16
"""Jobs that have not ended, those that wait included."""
KEPT = 100
"""Jobs that have ended and can still be asked for."""
REPORT_SECONDS = 0.1
"""Between two reports of the same step."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Report(Protocol):
    """Tells how far the work is; called in its thread, as often as it likes."""

    def __call__(
        self, step: str, part: float | None = None, *, bytes_done: int | None = None, bytes_total: int | None = None
    ) -> None: ...


Work = Callable[[Report, Cancellation], None]
"""The blocking work. Raises Cancelled where it was cancelled, and STTSError for what a client is told."""
Then = Callable[[], Awaitable[None]]
"""Called in the event loop when the work is done, before that is told."""


@dataclass(frozen=True, slots=True)
class Progress:
    step: str | None = None
    """The thing that is being done."""
    part: float | None = None
    """0..1; None: unknown."""
    bytes_done: int | None = None
    bytes_total: int | None = None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job at one moment."""

    id: str
    kind: str
    """The kind of work, such as `pull`."""
    subject: str
    """The thing that is worked on, by name."""
    state: JobState
    progress: Progress
    error: STTSError | None
    started: float
    """Unix time."""
    ended: float | None
    owner: str | None = None
    """Id of the user who had it done; None: the server."""


@dataclass(slots=True)
class Job:
    """Lives in the event loop; its work in a thread."""

    kind: str
    subject: str
    owner: str | None = None
    id: str = field(default_factory=lambda: f"job-{secrets.token_hex(8)}")
    state: JobState = "running"
    progress: Progress = Progress("waiting")
    error: STTSError | None = None
    started: float = field(default_factory=time.time)
    ended: float | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def status(self) -> JobStatus:
        return JobStatus(
            self.id,
            self.kind,
            self.subject,
            self.state,
            self.progress,
            self.error,
            self.started,
            self.ended,
            self.owner,
        )

    async def changes(self) -> AsyncGenerator[JobStatus, None]:
        """The status now and at each change, until it has ended. A slow reader misses what is out of date."""
        while True:
            changed, status = self._changed, self.status()
            yield status
            # It may have ended while the reader was away: the end is told before the stream ends.
            if status.state != "running":
                return
            await changed.wait()

    def advance(self, progress: Progress) -> None:
        self.progress = progress
        self._tell()

    def end(self, state: JobState, error: STTSError | None = None) -> None:
        self.state, self.error, self.ended = state, error, time.time()
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Jobs:
    """All jobs of this server, the newest last."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="job")
        """Theirs alone: long work must not take the threads that short work of requests waits for."""
        self._closed = False

    def start(self, kind: str, subject: str, work: Work, then: Then | None = None, *, owner: str | None = None) -> Job:
        """Starts a job, unless one of this kind and subject runs: then it is that one, whoever had it done. Raises Busy
        where too many jobs wait, and ShuttingDown."""
        running = self.running(kind, subject)
        if running is not None:
            return running
        if self._closed:
            raise ShuttingDown("The server is stopping.")
        if len(self._tasks) >= MOST_RUNNING:
            raise Busy("Too many jobs wait.", retry_after=10.0)
        job = Job(kind, subject, owner)
        self._jobs[job.id] = job
        self._forget_oldest()
        task = asyncio.create_task(self._run(job, work, then), name=f"{kind} {subject}")
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._ended(job))
        return job

    def running(self, kind: str, subject: str) -> Job | None:
        """The job of this kind and subject that has not ended."""
        found = (each for each in self._jobs.values() if (each.kind, each.subject) == (kind, subject))
        return next((each for each in found if each.state == "running"), None)

    def get(self, job_id: str, viewer: Viewer = SERVER) -> Job:
        """Raises NotFound, also for the job of somebody else."""
        if job_id not in self._jobs or not viewer.sees(self._jobs[job_id].owner):
            raise NotFound("There is no such job; ended ones are kept for a while.")
        return self._jobs[job_id]

    def all(self, viewer: Viewer = SERVER) -> list[Job]:
        """Those that are for this viewer."""
        return [job for job in self._jobs.values() if viewer.sees(job.owner)]

    async def cancel(self, job_id: str, viewer: Viewer = SERVER) -> Job:
        """Ends a job, and returns when it has ended. One that has ended already stays as it is. Raises NotFound."""
        job = self.get(job_id, viewer)
        job.cancellation.cancel()
        if (task := self._tasks.get(job_id)) is not None:
            if job.progress.step == "waiting":
                task.cancel()
            await asyncio.wait([task])
        return job

    async def close(self) -> None:
        """Cancels all jobs and waits until their threads have ended."""
        self._closed = True
        await asyncio.gather(*(self.cancel(job_id) for job_id in list(self._tasks)))
        self._threads.shutdown(wait=False)

    async def _run(self, job: Job, work: Work, then: Then | None) -> None:
        try:
            async with self._places:
                job.advance(Progress("starting"))
                loop = asyncio.get_running_loop()
                call = partial(copy_context().run, work, _reporter(job, loop), job.cancellation)
                await loop.run_in_executor(self._threads, call)
            if then is not None:
                await then()
        except (Cancelled, asyncio.CancelledError):
            job.end("cancelled")
        except STTSError as error:
            job.end("failed", error)
        except Exception as error:  # noqa: BLE001 - whatever the work raises, its job has ended, and the log tells why
            log.error("job_failed", kind=job.kind, subject=job.subject, traceback=describe(error, with_messages=False))
            job.end("failed", STTSError("The job failed for a reason that the log of the server tells."))
        else:
            job.end("done")
        code = job.error.code if job.error is not None else None
        log.info("job", kind=job.kind, subject=job.subject, state=job.state, error=code)

    def _ended(self, job: Job) -> None:
        del self._tasks[job.id]
        if job.state == "running":
            # A task that is cancelled before its first step never takes it.
            job.end("cancelled")

    async def remove_all(self, owner: str) -> int:
        """Ends all jobs of a user, forgets them and counts them."""
        mine = [job.id for job in self._jobs.values() if job.owner == owner]
        await asyncio.gather(*(self.cancel(job_id) for job_id in mine))
        return sum(self._jobs.pop(job_id, None) is not None for job_id in mine)

    def _forget_oldest(self) -> None:
        ended = [each.id for each in self._jobs.values() if each.state != "running"]
        for job_id in ended[: max(0, len(ended) - KEPT)]:
            del self._jobs[job_id]


def _reporter(job: Job, loop: asyncio.AbstractEventLoop) -> Report:
    """Passes reports on to the loop: each new step at once, others now and then."""
    last: tuple[str | None, float] = (None, 0.0)

    def report(
        step: str, part: float | None = None, *, bytes_done: int | None = None, bytes_total: int | None = None
    ) -> None:
        nonlocal last
        now = time.monotonic()
        if step == last[0] and now - last[1] < REPORT_SECONDS and bytes_done != bytes_total:
            return
        last = (step, now)
        if part is None and bytes_done is not None and bytes_total:
            part = min(bytes_done / bytes_total, 1.0)
        loop.call_soon_threadsafe(job.advance, Progress(step, part, bytes_done, bytes_total))

    return report
