"""The mutator itself: what it changes and what it leaves alone, and that what tests do not notice is told."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.making import finished, mutants


def made(source: str) -> list[str]:
    """Every mutant of a source, as source."""
    count = len(mutants(ast.parse(source)))
    told = []
    for number in range(count):
        tree = ast.parse(source)
        mutants(tree)[number].apply()
        compile(finished(tree), "made", "exec")
        told.append(ast.unparse(tree))
    return told


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a <= b", {"a < b", "a > b"}),
        ("a > b", {"a >= b", "a <= b"}),
        ("a >= b", {"a > b", "a < b"}),
        ("a == b", {"a != b"}),
        ("a is not b", {"a is b"}),
        ("a in b", {"a not in b"}),
        ("a < b == c", {"a <= b == c", "a >= b == c", "a < b != c"}),
        ("x = a and b", {"x = a or b"}),
        ("x = not a", {"x = bool(a)"}),
        ("x = -a", {"x = +a"}),
        ("x = a + b", {"x = a - b"}),
        ("x = min(a, b)", {"x = max(a, b)"}),
        ("x = 7", {"x = 8", "x = 6"}),
        ("x = True", {"x = False"}),
        ("x = '/retention'", {"x = '/retentionx'"}),
        ("x = y if z else w", {"x = y if not z else w"}),
        ("x = [y for y in z if y]", {"x = [y for y in z if not y]"}),
        ("def f():\n    return x", {"def f():\n    return None"}),
        ("def f():\n    yield x", {"def f():\n    if False:\n        yield x"}),
        ("for a in b:\n    continue", {"for a in b:\n    pass"}),
        ("if a:\n    raise b", {"if not a:\n    raise b", "if a:\n    pass"}),
        ("x += y", {"pass"}),
        ("f(x)", {"pass"}),
    ],
)
def test_small_changes_are_made(source: str, expected: set[str]) -> None:
    assert expected <= {one.strip() for one in made(source)}


@pytest.mark.parametrize(
    "source",
    [
        '"""What it is."""',
        "from a import b",
        "x: int",
        "assert a == b",
        "x = None",
        "x = 'A sentence for people.'",
        "Kind = Literal['fail', 'pass']",
        "if TYPE_CHECKING:\n    x = 1",
        "@d(1)\nclass A(B, c=2):\n    pass",
    ],
)
def test_what_says_nothing_to_the_machine_is_left_alone(source: str) -> None:
    assert made(source) == []


def test_what_is_said_in_each_language_is_left_alone_and_its_values_are_not() -> None:
    source = "x = f(key='a', fi=f'Poista {g(1)}', en='Erase')"
    assert made(source) == ["x = f(key='ax', fi=f'Poista {g(1)}', en='Erase')"]


MODULE = """
LIMIT = 3

def over(number):
    return number > LIMIT

def never():
    return 1
"""
TESTS = """
import {name} as module
from {name} import over

def test_over():
    assert over(4)
    assert not over(2)
"""
TRY = """
import json, sys
sys.path[:0] = [{scratch!r}, {root!r}]
import pytest
from tests.mutants.trying import Module, Trial
trial = Trial([Module({name!r})], {name!r}, lambda one: None)
words = ["--rootdir", {scratch!r}, "-p", "tests.conftest"]
words += [word for name in ("terminal", "cacheprovider", "xdist") for word in ("-p", f"no:{{name}}")]
pytest.main([{tests!r}, "-c", {ini!r}, *words], plugins=[trial])
print(json.dumps([trial.broken, {{one.mutant.told: one.came for one in trial.tried}}]))
"""


def test_each_mutant_is_tried_and_those_that_live_are_told(tmp_path: Path) -> None:
    """The boundary and the constant beside it are not tested there, one function not at all."""
    name, root = "mutated_here", str(Path(__file__).parents[2])
    tests, ini = tmp_path / "test_it.py", tmp_path / "pytest.ini"
    (tmp_path / f"{name}.py").write_text(MODULE)
    tests.write_text(TESTS.format(name=name))
    ini.write_text("[pytest]\n")
    program = TRY.format(name=name, scratch=str(tmp_path), root=root, tests=str(tests), ini=str(ini))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    broken, came = json.loads(done.stdout.splitlines()[-1])
    assert broken == []
    assert came == {
        "3 -> 2": "survived",
        "3 -> 4": "killed",
        "number > LIMIT: Gt -> GtE": "survived",
        "number > LIMIT: Gt -> LtE": "killed",
        "1 -> 2": "no test reaches it",
        "1 -> 0": "no test reaches it",
        "return 1 -> return None": "no test reaches it",
    }
