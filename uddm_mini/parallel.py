"""How work is spread: few threads for each piece, so that a busy machine gives them, and several pieces at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from math import ceil
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, TypeVar

import torch

STOP: ContextVar[threading.Event | None] = ContextVar("stop", default=None)  # set when the work of a thread must end
Job = TypeVar("Job")
Result = TypeVar("Result")

# Measured on 2 cores (`python -m benchmarks --only threads`): below this width a second thread makes a step at most
# 1.2 times as fast, from it on 1.3 to 1.7 times. And a second thread is dear when another program wants its core:
# after every product one thread spins until the other gets its turn. A training of 17 s once took 599 s that way.
WIDE = 128
# Four models of width 32 as one take 0.65 to 0.75 of the time of one after the other, of width 64 0.8 to 0.95; eight
# are no better, and from width 128 on there is nothing to gain (`python -m benchmarks --only stacked`).
STACK = 4
# On an H200 a step of 24 small models takes hardly longer than one of 12: it waits for the start of its many products.
# Wide models fill a GPU alone; the widest that was tried in a stack of ten has width 256.
STACK_ON_GPU = 32


def useful_threads(width: int) -> int:
    """Return how many threads a training of a model of this width uses: one, or for wide models all of PyTorch's."""
    return torch.get_num_threads() if width >= WIDE else 1


def stack_size(jobs: int, width: int, device: str = "cpu") -> int:
    """Return how many of these models to train as one: four small ones, or fewer if a core would have nothing to do.

    On a GPU up to 32, and fewer of models wider than 128.
    """
    if device != "cpu":
        return max(1, min(STACK_ON_GPU, STACK_ON_GPU * WIDE // width, jobs))
    return 1 if width >= WIDE else max(1, min(STACK, ceil(jobs / torch.get_num_threads())))


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """Let PyTorch compute with at most `count` threads in this thread, then as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(count, before))
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Stopped(Exception):
    """Work that was ended because nobody waits for it any more."""


def go_on() -> None:
    """Raise `Stopped` if the work of this thread must end; whoever computes for long asks at every step."""
    stop = STOP.get()
    if stop is not None and stop.is_set():
        raise Stopped


def until(stop: threading.Event, work: Callable[[Job], Result], job: Job) -> Result:
    """Return work(job), which ends at its next step when `stop` is set."""
    STOP.set(stop)  # each thread of a pool has its own
    return work(job)


def on_one_thread(work: Callable[[Job], Result], job: Job) -> Result:
    """Return work(job), computed with one thread: its sums then do not depend on how many jobs run beside it."""
    with at_most(1):
        return work(job)


def run_all(
    jobs: Sequence[Job], work: Callable[[Job], Result], executor: Executor | None, device: str = "cpu"
) -> Generator[Result, None, None]:
    """Yield the result of each job as it ends; if one fails, start no more, yield what still ends well, then raise.

    Closing the generator, or Ctrl-C, cancels the jobs that have not begun, also on an executor of the caller's, and
    ends those of its own threads at their next step; what has ended is still yielded. Without an executor: one job per
    core on a CPU (PyTorch computes outside Python's lock), else one job at a time. On a CPU every job takes one thread,
    wherever it runs: another number of threads would add up its sums in another order.
    """
    if device == "cpu":
        work = partial(on_one_thread, work)
    yield from _run(jobs, work, executor, device)


def _run(
    jobs: Sequence[Job], work: Callable[[Job], Result], executor: Executor | None, device: str
) -> Generator[Result, None, None]:
    if executor is None and device == "cpu" and len(jobs) > 1 and torch.get_num_threads() > 1:
        stop = threading.Event()
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            try:
                yield from _run(jobs, partial(until, stop, work), pool, device)
            finally:
                stop.set()
                pool.shutdown(cancel_futures=True)
    elif executor is None:
        yield from map(work, jobs)
    else:
        waiting = {executor.submit(work, job) for job in jobs}
        try:
            for future in as_completed(list(waiting)):
                waiting.remove(future)
                if failure := future.exception():
                    for other in [other for other in waiting if not other.cancel()]:
                        if not other.exception():
                            yield other.result()
                    raise failure
                yield future.result()
        except KeyboardInterrupt:
            for future in [future for future in waiting if not future.cancel() and future.done()]:
                if not future.exception():
                    yield future.result()
            raise
        finally:
            for future in waiting:
                future.cancel()


class _Workers(ProcessPoolExecutor):
    """Processes that Ctrl-C does not reach: the main process ends them, at once and without a traceback of each."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call; a process that is started for it keeps the signals that are blocked now."""
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def workers(device: str) -> Iterator[Executor | None]:
    """Yield one process per core for work on a CPU: unlike threads, they never wait for each other's Python.

    They end at once when the block is left by an error or Ctrl-C, and when this process is killed.
    """
    cores = torch.get_num_threads()
    if device != "cpu" or cores == 1:
        yield None
        return
    start_anew = multiprocessing.get_context("spawn")  # a forked PyTorch can hang
    reader, writer = start_anew.Pipe(duplex=False)
    with writer, reader, _Workers(cores, start_anew, initializer=_begin, initargs=(reader,)) as pool:
        try:
            yield pool
        except BaseException:
            hook, sys.excepthook = sys.excepthook, _hushed
            try:
                writer.close()
                pool.shutdown(cancel_futures=True)
            finally:
                sys.excepthook = hook
            raise


def _hushed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say nothing of a worker that has ended while it was given tensors; PyTorch gives them from a thread here."""
    if not issubclass(kind, (OSError, EOFError)):
        sys.__excepthook__(kind, error, trace)


def _begin(reader: Connection) -> None:
    """Prepare a worker: one thread, and a watch on the main process, which alone holds the other end of the pipe."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(reader,), daemon=True).start()


def _end_with(reader: Connection) -> None:
    """Wait until nobody holds the other end, then end this process."""
    try:
        reader.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
