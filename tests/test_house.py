"""The house: pins, versions, commands, and imports that point downward only."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOUSE = Path(__file__).parent.parent
PACKAGE = HOUSE / "src" / "soilcue"

# Topmost first: a room uses those below it.
ROOMS = [
    "__main__",
    "cli",
    "commands",
    "app",
    "report",
    "study",
    "atlas",
    "archives",
    "analyse",
    "assimilate",
    "synthesis",
    "lab",
    "records",
    "genomes",
    "measure",
    "long_jobs",
    "soil_model",
    "diagnosis",
    "inventory",
    "solve",
    "models",
    "schemes",
    "data",
    "core",
]

PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text())
PINS = [line for line in (HOUSE / "constraints.txt").read_text().splitlines() if line.strip()]


def version_of_package() -> str:
    found = re.search(r'^__version__ = "(.+)"$', (PACKAGE / "__init__.py").read_text(), re.MULTILINE)
    assert found, "src/soilcue/__init__.py must set __version__ on a line of its own"
    return found[1]


@pytest.mark.parametrize("line", PINS)
def test_every_pin_is_exact_and_names_no_place(line):
    assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.+]*( ; [a-z_]+ (<|>=|==|!=) '[\w.]+')?", line)


def test_what_the_project_needs_is_pinned_within_its_limits():
    pinned = {}
    for line in PINS:
        pin = Requirement(line)
        pinned.setdefault(canonicalize_name(pin.name), []).append(next(iter(pin.specifier)).version)
    needed = [
        *PROJECT["build-system"]["requires"],
        "editables",
        *PROJECT["project"]["dependencies"],
        *(name for extra in PROJECT["project"]["optional-dependencies"].values() for name in extra),
    ]
    for requirement in map(Requirement, needed):
        versions = pinned.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement.name} is not in constraints.txt"
        for version in versions:
            assert version in requirement.specifier, f"constraints.txt has {requirement.name} {version}"


def test_the_build_backend_is_pinned_exactly():
    (backend,) = PROJECT["build-system"]["requires"]
    assert re.fullmatch(r"hatchling==[\d.]+", backend)


def test_one_version_everywhere():
    citation = re.search(r"^version: (.+)$", (HOUSE / "CITATION.cff").read_text(), re.MULTILINE)
    assert citation
    assert citation[1] == version_of_package()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_named_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (HOUSE / "Makefile").read_text(), re.MULTILINE))
    text = (HOUSE / page).read_text()
    named = set(re.findall(r"(?:^|`|; )make (?:[A-Z]+=\S+ |-C \S+ )?([a-z]+)", text, re.MULTILINE))
    assert named, "the page names no make target: does this test still read it rightly?"
    assert named <= targets


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['soilcue', '--help']\n"
        "from soilcue.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print('heavy:', sorted({'jax', 'pandas', 'xarray', 'scipy', 'plotly'} & set(sys.modules)))"
    )
    assert "heavy: []" in run_python(code)


def test_import_of_the_package_is_light():
    assert run_python("import soilcue, sys; print(sorted({'jax', 'pandas'} & set(sys.modules)))") == "[]\n"


def test_measuring_does_not_wait_for_what_models_need():
    rooms = "measure.measurement, soilcue.measure.workbooks, soilcue.report.measure_page"
    code = f"import sys, soilcue.{rooms}; print(sorted({{'jax', 'xarray', 'scipy.stats'}} & set(sys.modules)))"
    assert run_python(code) == "[]\n"


def test_commands_of_the_readme_exist():
    shown = run_python("import sys; sys.argv = ['soilcue', '--help']\nfrom soilcue.cli import main\nmain()")
    named = set(re.findall(r"`soilcue ([a-z]+)", (HOUSE / "README.md").read_text()))
    assert named
    for command in named:
        assert re.search(rf"\b{command}\b", shown), f"README.md names soilcue {command}, and soilcue --help does not"


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """Dotted names below `soilcue` that a module imports, at its head or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import; write soilcue.room.module"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("soilcue.") for name in names if name.startswith("soilcue.")}


def test_every_module_stands_in_a_room():
    assert {room_of(path) for path in modules()} <= {*ROOMS, "__init__"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downward(path):
    room = room_of(path)
    if room == "__init__":
        return  # the public namespace stands above all rooms
    for name in imported(path):
        target = name.split(".")[0]
        assert target in ROOMS or name == "__version__", f"import {name} from its room, not from the public namespace"
        if target in ROOMS:
            assert ROOMS.index(target) >= ROOMS.index(room), f"{room} must not use {target}, which stands above it"


def test_no_module_bears_the_name_of_a_public_function():
    import soilcue

    functions = {name for name in soilcue.__all__ if callable(getattr(soilcue, name))}
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not functions & rooms
