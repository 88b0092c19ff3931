"""Trying mutants: the tests of a room are collected once; then a fork for each mutant, which runs those that reach it.

A mutant inside a function replaces the code of the living function, so that whoever imported it has it too; one at the
top of a module runs the module anew, in its place. The fork ends at the first test that fails.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import gc
import importlib
import os
import resource
import signal
import sys
import time
import types
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.mutants.making import Mutant, finished, mutants

KILLED, SURVIVED, UNREACHED, SLOW = "killed", "survived", "no test reaches it", "killed: too slow"
UNPLACED = "could not be put in place"
ROOT = Path(__file__).parents[2]
#: A fork may have so much memory; what the mutant of a loop makes is not to be the machine's trouble.
MEMORY = 3 * 2**30


@dataclasses.dataclass(frozen=True, slots=True)
class Tried:
    """What came of a mutant of a module. One that could not be put in place counts as alive."""

    module: str
    mutant: Mutant
    came: str

    @property
    def alive(self) -> bool:
        """Whether no test failed."""
        return self.came not in (KILLED, SLOW)


class Module:
    """A module that is mutated: its tree, and where its functions live.

    Where it `declares` what is compared whole elsewhere (the contract), only its functions are mutated.
    """

    def __init__(self, name: str, *, declares: bool = False) -> None:
        self.name = name
        self.live = importlib.import_module(name)
        self.path = str(Path(self.live.__file__ or "").resolve())
        self.tree = ast.parse(Path(self.path).read_text("utf-8"))
        self.mutants = [one for one in mutants(self.tree) if one.within is not None or not declares]
        self.functions: dict[tuple[str, int], list[types.FunctionType]] = defaultdict(list)

    def install(self, within: tuple[str, int] | None) -> None:
        """Put the tree, changed or not, in the place of the module as it lives in this process."""
        code = compile(finished(self.tree), self.path, "exec")
        if within is None:
            self._anew(code)
            return
        changed = dict(_codes(code))[within]
        if not self.functions[within]:
            raise LookupError(f"{self.name}: {within} does not live")
        for function in self.functions[within]:
            if len(function.__code__.co_freevars) != len(changed.co_freevars):
                raise LookupError(f"{self.name}: {within} closes over something else")
            function.__code__ = changed

    def _anew(self, code: types.CodeType) -> None:
        old = dict(vars(self.live))
        exec(code, vars(self.live))  # noqa: S102 - our own source, a little changed
        for name, before in old.items():
            after = vars(self.live).get(name)
            if after is before or name.startswith("__"):
                continue
            if _own(before, self.name) and type(before) is type(after) and _graft(before, after):
                setattr(self.live, name, before)  # whoever imported it has the same one
                continue
            for other in list(sys.modules.values()):
                if other is not self.live and vars(other).get(name, self) is before:
                    setattr(other, name, after)


def _own(thing: Any, module: str) -> bool:
    return getattr(thing, "__module__", type(thing).__module__) == module or dataclasses.is_dataclass(thing)


def _graft(before: Any, after: Any) -> bool:
    """Make what was there like what is there now; False where that cannot be done, and it is replaced."""
    if isinstance(before, types.FunctionType):
        before.__code__, before.__defaults__ = after.__code__, after.__defaults__
        before.__kwdefaults__ = after.__kwdefaults__
        return True
    if isinstance(before, type):
        for name in [name for name in vars(before) if name not in vars(after)]:
            delattr(before, name)
        for name, new in vars(after).items():
            was = vars(before).get(name)
            if isinstance(was, types.FunctionType) and isinstance(new, types.FunctionType):
                if len(was.__code__.co_freevars) == len(new.__code__.co_freevars):
                    _graft(was, new)
            elif isinstance(was, property) and isinstance(new, property):
                _graft(was.fget, new.fget)
            elif not name.startswith("__") and isinstance(new, str | int | tuple | frozenset | dict):
                setattr(before, name, new)
        return True
    if dataclasses.is_dataclass(before):
        for field in dataclasses.fields(before):
            object.__setattr__(before, field.name, getattr(after, field.name))
        return True
    return False


def _codes(code: types.CodeType) -> Iterator[tuple[tuple[str, int], types.CodeType]]:
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield (one.co_qualname, one.co_firstlineno), one
            yield from _codes(one)


class Trial:
    """A plugin of pytest that tries the mutants of `modules` with the tests that were collected."""

    def __init__(self, modules: list[Module], fresh: str, told: Any, only: str = "") -> None:
        self.modules, self.fresh, self.told, self.only = modules, fresh, told, only
        self.tried: list[Tried] = []
        self.failed = False
        self.broken: list[str] = []

    # --- hooks

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Examples are the same each time, and those that fail are not made smaller."""
        phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
        hypothesis.settings.register_profile(
            "mutants", hypothesis.settings.get_profile("ci"), phases=phases, print_blob=False
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that fails ends the fork."""
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In the place of running the tests: try the mutants."""
        by_file = {module.path: module for module in self.modules}
        for thing in gc.get_objects():
            if isinstance(thing, types.FunctionType) and thing.__code__.co_filename in by_file:
                key = thing.__code__.co_qualname, thing.__code__.co_firstlineno
                by_file[thing.__code__.co_filename].functions[key].append(thing)
        items = {item.nodeid: item for item in session.items}
        reached, took = self._reach(items, set(by_file))
        gc.collect()
        gc.freeze()
        for module in self.modules:
            lines = reached[module.path]
            about = {name for name in took if f"[{_code(module.name)}]" in name}  # tests of what it declares
            everyone = sorted((about or set(took)).union(*lines.values()), key=took.__getitem__)
            self._unchanged(module, items, everyone, sum(took.values()))
            for mutant in module.mutants:
                if self.only and self.only not in f"{module.name}:{mutant.name}":
                    continue
                able = everyone
                if mutant.within is not None:
                    able = sorted(lines.get(mutant.line, ()), key=took.__getitem__)
                came = (
                    self._try(module, mutant, items, able, sum(took[one] for one in able))
                    if able
                    else UNREACHED
                )
                self.tried.append(Tried(module.name, mutant, came))
                self.told(self.tried[-1])
        return True

    # --- forks

    def _reach(
        self, items: dict[str, pytest.Item], files: set[str]
    ) -> tuple[dict[str, dict[int, set[str]]], dict[str, float]]:
        """Which tests reach which line of which file, and how long each takes, everything worked out anew."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            with os.fdopen(writing, "w") as to:
                self._traced(items, files, to)
            os._exit(1 if self.failed else 0)
        os.close(writing)
        reached: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        took: dict[str, float] = {}
        with os.fdopen(reading) as told:
            for row in told:
                item, file, rest = row.rstrip("\n").split("\t")
                if not file:
                    took[item] = float(rest)
                for line in rest.split(",") if file else ():
                    reached[file][int(line)].add(item)
        if os.waitpid(pid, 0)[1]:
            raise SystemExit("the tests do not pass as the code stands")
        return reached, took

    def _traced(self, items: dict[str, pytest.Item], files: set[str], to: Any) -> None:
        seen: dict[str, set[int]] = defaultdict(set)

        def inner(frame: types.FrameType, event: str, _: Any) -> Any:
            seen[frame.f_code.co_filename].add(frame.f_lineno)
            return inner

        def outer(frame: types.FrameType, event: str, _: Any) -> Any:
            if frame.f_code.co_filename not in files:
                return None
            seen[frame.f_code.co_filename].add(frame.f_lineno)
            return inner

        self._forget()
        for name, item, following in _in_turn(items, items):
            seen.clear()
            self._forget()
            sys.settrace(outer)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.settrace(None)
            if self.failed:  # it leans on what is remembered: it is left out
                sys.stderr.write(f"left out: {name}\n")
                self.failed = False
                continue
            for file, lines in seen.items():
                to.write(f"{name}\t{file}\t{','.join(map(str, sorted(lines)))}\n")
            self._forget()
            began = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                sys.stderr.write(f"fails now and then: {name}\n")
                return
            to.write(f"{name}\t\t{time.process_time() - began:.6f}\n")

    def _unchanged(self, module: Module, items: dict[str, pytest.Item], able: list[str], took: float) -> None:
        """What is not changed at all has to survive, put in place either way: else it is the putting that is seen."""
        for within in (None, next(iter(module.functions), None)):
            same = Mutant("unchanged", 0, 0, "", lambda: None, within)
            if self._try(module, same, items, able, took) != SURVIVED:
                self.broken.append(f"{module.name}, {within}")

    def _try(
        self, module: Module, mutant: Mutant, items: dict[str, pytest.Item], able: list[str], took: float
    ) -> str:
        pid = os.fork()
        if pid == 0:
            self._forked(module, mutant, items, able, took)
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status):
            return SLOW if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL) else KILLED
        return {0: SURVIVED, 3: UNPLACED}.get(os.WEXITSTATUS(status), KILLED)

    def _forked(
        self, module: Module, mutant: Mutant, items: dict[str, pytest.Item], able: list[str], took: float
    ) -> None:
        gc.disable()
        seconds = int(3 + 8 * took)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.alarm(60 + 10 * seconds)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2) if "MUTANTS_LOUD" not in os.environ else ():
            os.dup2(nowhere, stream)
        try:
            mutant.apply()
            module.install(mutant.within)
            self._forget()
        except LookupError:
            os._exit(3)
        except BaseException:  # a module that does not even run is noticed
            os._exit(1)
        try:
            for _, item, following in _in_turn(items, able):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.failed:
                    os._exit(1)
        except BaseException:  # such as one that pytest lets through
            os._exit(1)
        os._exit(0)

    def _forget(self) -> None:
        """Whatever modules of the room remember is worked out anew."""
        for name, module in list(sys.modules.items()):
            if not name.startswith(self.fresh):
                continue
            for thing in list(vars(module).values()):
                if isinstance(thing, functools._lru_cache_wrapper):
                    thing.cache_clear()


def _code(module: str) -> str:
    """The code of a check, from the name of its file."""
    return module.rpartition(".")[2].partition("_")[0].upper()


def _in_turn(
    items: dict[str, pytest.Item], names: Iterable[str]
) -> Iterator[tuple[str, pytest.Item, pytest.Item | None]]:
    """Tests with the one that follows, for which fixtures are kept."""
    chosen = list(names)
    for name, following in zip(chosen, [*chosen[1:], None], strict=True):
        yield name, items[name], items[following] if following is not None else None
