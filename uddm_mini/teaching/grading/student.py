"""One submission in its process: run the cells, find the answers, call them; and start anew when it is ended."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from uddm_mini.teaching.calls import Stopped

from .encoding import decode, encode
from .process import Ended, Limits, Process, Starter
from .remote import RECORDS, Remote, Served

FORGED = "The notebook wrote into the grader's messages, and was not asked any more."
MOST_FAILURES = 1000


class Student:
    """The code cells of one submission, run apart from the checks.

    failed: {(cell, statement): sentence} of what did not run, counted from 0; replaced: names of PyTorch, NumPy or
    Python that the notebook overwrote (and that were put back); kept: which limits the system allowed; starter: as of
    `Process`.
    """

    def __init__(
        self,
        cells: list[str],
        about: dict[str, Any],
        limits: Limits | None = None,
        starter: Starter | None = None,
    ) -> None:
        self.cells, self.about, self.limits, self.starter = cells, about, limits or Limits(), starter
        self.failed: dict[tuple[int, int], str] = {}
        self.replaced: list[str] = []
        self.kept: dict[str, bool] = {}
        self._process: Process | None = None
        self._skip: list[list[int]] = []
        self._until = 0.0
        self._given_up = False

    def __enter__(self) -> Student:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process:
            self._process.close()
        self._process = None

    def find(self, key: str, wanted: list[str], parameters: list[list[str] | None]) -> tuple[list[Any], str]:
        """Return the answers to one check, functions as `Remote` ones, and how they were found; starts its time.

        key, wanted, parameters: as of `Notebook.answers`; Stopped if the notebook cannot be run at all
        """
        self._run()
        question = {"do": "find", "key": key, "wanted": wanted, "parameters": parameters}
        reply = self._asked(question, (self.limits.step, "The search for your answer"))
        self._until = time.monotonic() + self.limits.exercise
        try:
            found = [self._received(one) for one in reply.get("found", [])]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Stopped(FORGED) from None
        return found, str(reply.get("how", ""))

    def _received(self, one: dict[str, Any]) -> Any:
        if "number" in one:
            return Remote(self._call, int(one["number"]), str(one["name"])[:80])
        return self._read(one.get("value"))

    def _read(self, value: Any) -> Any:
        try:
            return decode(value, None, RECORDS)
        except (ValueError, MemoryError) as error:
            raise Stopped(f"Your answer could not be read: {error}") from None

    def _call(self, number: int, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call the student's function number `number`, and serve what it asks on the way."""
        served = Served()
        question = {"do": "call", "number": number, "args": [encode(a, served.keep) for a in arguments]}
        question["named"] = {k: encode(v, served.keep) for k, v in named.items()}
        left = self._until - time.monotonic()
        reply = self._asked(question, (min(self.limits.step, max(left, 0.0)), name), served)
        if "stub" in reply:
            raise NotImplementedError
        if "told" in reply:
            raise Stopped(str(reply["told"])[:1000])
        return self._read(reply.get("value"))

    def _asked(
        self, question: dict[str, Any], about: tuple[float, str], served: Served | None = None
    ) -> dict[str, Any]:
        """Return the worker's answer; about: how many seconds it may take, and what to call it if it takes more."""
        seconds, name = about
        if not self._process:
            raise Stopped(f"{name} was not asked again, because it ended the process or never ended.")
        until = time.monotonic() + seconds
        try:
            self._process.send(question, until)
            while True:
                reply = self._process.receive(until)
                if "ask" not in reply or not served:
                    return reply
                self._process.send(served.reply(reply), until)
        except Ended as how:
            self.close()
            raise Stopped(f"{name} {_how(how, seconds)}") from None

    def _run(self) -> None:
        """Run all cells, unless they have run; a statement that ends the process or hangs is left out, once it has."""
        while not self._process:
            if len(self._skip) > self.limits.restarts or self._given_up:
                raise Stopped("The notebook ended the process too often, or does not start.")
            at: list[int] | None = None
            self._process = Process(self.about, self.limits, self.starter)
            try:
                self.kept = dict(self._process.receive(time.monotonic() + self.limits.start)["ready"])
                until = time.monotonic() + self.limits.step
                self._process.send({"do": "run", "cells": self.cells, "skip": self._skip}, until)
                while "done" not in (message := self._process.receive(until)):
                    if "at" in message:
                        (i, k), until = message["at"], time.monotonic() + self.limits.step
                        at = [int(i), int(k)]
                    elif "failed" in message and len(self.failed) < MOST_FAILURES:
                        i, k = message["failed"]
                        self.failed[int(i), int(k)] = str(message["error"])[:500]
                self.replaced = [str(name)[:80] for name in message["replaced"]]
            except (KeyError, TypeError, ValueError):
                self.close()
                self._given_up = True
                raise Stopped(FORGED) from None
            except Ended as how:
                self.close()
                if at is None:
                    self._given_up = True
                else:
                    self._skip.append(at)
                    self.failed[at[0], at[1]] = f"It {_how(how, self.limits.step)}"


def _how(error: Ended, seconds: float) -> str:
    """Say what became of the process."""
    if str(error) == "late":
        return f"did not finish within {max(seconds, 1):.0f} seconds. Is there a loop that never ends?"
    if str(error) == "ended":
        return "ended the whole process: by os._exit, too much memory or time, or a crash below Python."
    return f"{error}."
