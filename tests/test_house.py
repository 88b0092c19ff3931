"""What must hold of every file: where it may point, how long it may be, what it may stand on."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def files(*patterns: str) -> list[Path]:
    """The files under version control, or about to be: what is ignored may say what it likes."""
    ask = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        *patterns,
    ]
    listed = subprocess.run(ask, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return sorted(ROOT / name for name in set(listed) if name and (ROOT / name).is_file())


def read(path: Path) -> str:
    """The text of a file; of a binary file whatever in it is ASCII."""
    return path.read_bytes().decode("utf-8", "ignore")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Where files may point --------------------------------------------------------------------------------------

# In halves, so that this file does not find itself.
HOSTS = [
    left + right
    for left, right in [
        ("pypi.", "org"),
        ("python", "hosted.org"),
        ("registry.", "npmjs"),
        ("npmjs.", "com"),
        ("yarn", "pkg.com"),
        ("crates.", "io"),
        ("proxy.", "golang"),
        ("rubygems.", "org"),
        ("maven.", "org"),
        ("maven.", "apache.org"),
        ("gh", "cr.io"),
        ("quay.", "io"),
        ("docker.", "io"),
        ("anaconda.", "org"),
        ("artifact", "ory"),
    ]
]
HOST = re.compile(rf"(?i)(?<![\w-])(?:{'|'.join(map(re.escape, HOSTS))})")
# A path that exists on one machine only. Not /tmp, /etc, /var, /usr: those are everybody's.
MACHINE = re.compile(
    r"(?<![\w.}~<])/(?:"
    + "|".join(["roo" + "t", "wor" + "k", "hom" + "e", "User" + "s", "op" + "t/wheels"])
    + r")/\w"
)


def test_no_file_names_a_package_registry() -> None:
    found = [f"{name_of(file)}: {hit[0]}" for file in files() if (hit := HOST.search(read(file)))]
    assert found == []


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [f"{name_of(file)}: {hit[0]}" for file in files() if (hit := MACHINE.search(read(file)))]
    assert found == []


@pytest.mark.parametrize(
    "text", ["see https://" + HOSTS[0] + "/simple", "--index-url //" + HOSTS[1], "a/" + HOSTS[2]]
)
def test_the_search_for_registries_finds_them(text: str) -> None:
    assert HOST.search(text)


def test_the_search_for_machine_paths_finds_them_and_leaves_urls_alone() -> None:
    assert MACHINE.search("see /" + "root/x")
    assert MACHINE.search(str(Path("/") / "home" / "somebody"))
    assert not MACHINE.search("https://example.fi/home/page")
    assert not MACHINE.search("$(pwd)/work")


# What the house stands on -----------------------------------------------------------------------------------


def pins(which: str) -> dict[str, tuple[Requirement, list[str]]]:
    """The pinned requirements of requirements/<which>.txt by name, each with its hashes."""
    text = (ROOT / "requirements" / f"{which}.txt").read_text("utf-8").replace("\\\n", " ")
    pinned = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            requirement, *hashes = line.split(" --hash=")
            parsed = Requirement(requirement.strip())
            pinned[canonicalize_name(parsed.name)] = (parsed, [digest.strip() for digest in hashes])
    return pinned


@pytest.mark.parametrize("which", ["runtime", "dev"])
def test_requirements_are_pinned_and_hashed_and_point_nowhere(which: str) -> None:
    text = (ROOT / "requirements" / f"{which}.txt").read_text("utf-8")
    assert not re.search(
        r"://|@ |--(?:extra-)?index-url|--find-links|--trusted-host|^-[ief]\b", text, re.MULTILINE
    )
    for name, (requirement, hashes) in pins(which).items():
        assert [clause.operator for clause in requirement.specifier] == ["=="], name
        assert hashes, name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), name


def test_what_is_tested_is_what_runs() -> None:
    runtime, dev = pins("runtime"), pins("dev")
    assert {name: pin.specifier for name, (pin, _) in runtime.items()} == {
        name: pin.specifier for name, (pin, _) in dev.items() if name in runtime
    }


@pytest.mark.parametrize("which", ["runtime", "dev"])
def test_requirements_are_those_of_the_project(which: str) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = PROJECT["project"]["dependencies"] + (
        [one for extra in extras.values() for one in extra] if which == "dev" else []
    )
    pinned = pins(which)
    for requirement in map(Requirement, wanted):
        if requirement.name == PROJECT["project"]["name"]:  # its own extras, which are here already
            continue
        pin, _ = pinned[canonicalize_name(requirement.name)]
        version = str(pin.specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{requirement} is pinned to {version}: run make lock"


def needed() -> list[str]:
    """What has to be installed here at run time; a pin may be for another system."""
    return [name for name, (pin, _) in pins("runtime").items() if pin.marker is None or pin.marker.evaluate()]


GOOD = re.compile(
    r"(?i)\b(?:MIT|MIT-0|ISC|BSD(?:-\d-Clause)?|Apache(?:-2\.0| Software License)?|PSF-2\.0|Unlicense"
    r"|MPL-2\.0|Mozilla Public License 2|LGPL|Lesser General Public License"
    r"|Permission is hereby granted, free of charge)\b"
)
# Strong copyleft and not-quite-open. The Lesser GPL and the Mozilla licence are fine: we change nothing of theirs.
BAD = re.compile(
    r"(?i)\bA?GPL|(?<!Lesser )General Public License|Affero|\bBUSL|\bBSL\b|Business Source"
    r"|SSPL|Server Side Public|Commons Clause|Elastic"
)


def licence(name: str) -> str:
    """What a distribution says of its licence; if its metadata say nothing, the licence file itself."""
    metadata = importlib.metadata.metadata(name)
    said = [metadata.get("License-Expression"), (metadata.get("License") or "").split("\n")[0]]
    said += [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    if any(said):
        return " / ".join(filter(None, said))
    papers = [
        file
        for file in importlib.metadata.files(name) or []
        if re.search(r"(?i)licen[cs]e|copying", file.name)
    ]
    return "\n".join(" ".join(Path(str(paper.locate())).read_text("utf-8").split()) for paper in papers)


@pytest.mark.parametrize("name", needed())
def test_the_licence_of_what_runs_lets_anyone_use_it(name: str) -> None:
    said = licence(name)
    assert GOOD.search(said), f"{name} does not say that it may be used: {said[:200]!r}"
    assert not BAD.search(said), said[:200]


@pytest.mark.parametrize(
    ("said", "good"),
    [
        ("LGPL-3.0-only", True),
        ("GNU Library or Lesser General Public License (LGPL)", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0", False),
        ("GNU Affero General Public License v3", False),
        ("GNU General Public License v2 (GPLv2)", False),
        ("BUSL-1.1", False),
        ("SSPL-1.0", False),
        ("", False),
        ("Proprietary", False),
    ],
)
def test_licences_are_told_apart(said: str, good: bool) -> None:
    assert bool(GOOD.search(said) and not BAD.search(said)) is good


@cache
def providers() -> dict[str, list[str]]:
    return {
        top: [canonicalize_name(name) for name in names]
        for top, names in importlib.metadata.packages_distributions().items()
    }


def imports(path: Path) -> set[str]:
    """The top-level names that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_what_is_imported_is_declared() -> None:
    """A library that only comes along with another may leave with it; one of an extra is imported in functions only."""
    project = PROJECT["project"]
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    extras = {
        canonicalize_name(Requirement(line).name)
        for extra, lines in project["optional-dependencies"].items()
        for line in lines
        if extra != "dev"
    }
    missing = [
        f"{name_of(file)}: {top}"
        for file in files("registry/*.py")
        for top in imports(file) - set(sys.stdlib_module_names) - {"registry"}
        if not (declared | (extras if top not in at_once(file) else set())) & set(providers().get(top, []))
    ]
    assert missing == []


def at_once(path: Path) -> set[str]:
    """The top-level names that are imported as soon as the file is, and not when a function of it is called."""
    tree = ast.parse(read(path))
    later = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    typing = {node for one in ast.walk(tree) if isinstance(one, ast.If) and "TYPE_CHECKING" in ast.dump(one.test)
              for node in ast.walk(one)}  # fmt: skip
    found = set()
    for node in set(ast.walk(tree)) - later - typing:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


# How files are ----------------------------------------------------------------------------------------------


def test_no_file_is_longer_than_one_can_read() -> None:
    long = {
        name_of(file): lines
        for file in files("registry/*.py")
        if (lines := len(read(file).splitlines())) >= 400
    }
    assert long == {}


def test_no_file_is_named_after_nothing() -> None:
    empty = {
        "utils",
        "util",
        "helpers",
        "helper",
        "manager",
        "managers",
        "service",
        "services",
        "common",
        "misc",
    }
    assert [
        name_of(file)
        for file in files("registry", "tests")
        if file.stem in empty or file.parent.name in empty
    ] == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        name_of(file)
        for file in files("registry/*.py", "tests/*.py")
        if read(file).strip() and not ast.get_docstring(ast.parse(read(file)))
    ]
    assert silent == []


EXCEPTION = re.compile(
    r"#\s*(?:noqa(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?"
    r"|type:\s*ignore(?:\[[\w\-, ]+\])?|pragma:\s*no (?:cover|branch))(.*)"
)


def test_every_exception_carries_its_reason() -> None:
    """After a noqa, a type: ignore or a no cover, on the same line: why."""
    bare = [
        f"{name_of(file)}:{number}"
        for file in files("registry/*.py", "tests/*.py")
        for number, line in enumerate(read(file).splitlines(), 1)
        if (hit := EXCEPTION.search(line)) and not re.search(r"[^\W\d_]{3,}", hit[1])
    ]
    assert bare == []


def test_every_target_is_explained() -> None:
    text = read(ROOT / "Makefile")
    targets = set(re.search(r"^\.PHONY:(.*)$", text, re.MULTILINE)[1].split())
    assert targets == set(re.findall(r"^([a-z-]+):.*## \S", text, re.MULTILINE))
