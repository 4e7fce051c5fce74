"""What the pages say is so: their code runs, and the files and commands they name are there."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import model_contract
import numpy as np
import plausible
import pytest

import soilcue as sc
from soilcue.core.references import REFERENCES
from soilcue.models import MODELS

HOUSE = Path(__file__).parent.parent
GUIDES = sorted(f"docs/{page.name}" for page in (HOUSE / "docs").glob("*.md"))
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "src/soilcue/data/LICENCES.md", *GUIDES)


def python_of(page: str) -> str:
    """The one block of Python of a page."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", (HOUSE / page).read_text(), re.MULTILINE | re.DOTALL)
    return block


def test_the_python_of_the_readme_runs():
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", python_of("README.md")], capture_output=True, text=True, check=True
    )
    assert "diagnosed_cue" in ran.stdout
    assert len([line for line in python_of("README.md").splitlines() if line]) <= 10


@pytest.mark.parametrize("page", GUIDES)
def test_the_python_of_a_guide_runs(page, tmp_path):
    """All blocks of a page, one after the other, in an empty folder."""
    blocks = re.findall(r"^```python\n(.*?)^```$", (HOUSE / page).read_text(), re.MULTILINE | re.DOTALL)
    assert blocks, f"{page} shows no Python"
    subprocess.run([sys.executable, "-W", "error", "-c", "\n".join(blocks)], cwd=tmp_path, check=True)


@pytest.mark.parametrize("page", PAGES)
def test_linked_files_exist(page):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", (HOUSE / page).read_text()):
        assert (HOUSE / page).parent.joinpath(link).exists(), f"{page} links to {link}"


@pytest.mark.parametrize("page", PAGES)
def test_named_files_and_rooms_exist(page):
    named = re.findall(r"`((?:src/soilcue|tests|tools|docs|benchmarks|studies)/[\w/.-]*)`", (HOUSE / page).read_text())
    for name in named:
        assert (HOUSE / name).exists(), f"{page} names {name}"


def test_every_room_is_described():
    text = (HOUSE / "ARCHITECTURE.md").read_text()
    rooms = [path for path in (HOUSE / "src/soilcue").iterdir() if path.is_dir() and (path / "__init__.py").exists()]
    for room in rooms:
        assert f"`{room.name}/`" in text, f"ARCHITECTURE.md does not say what is in {room.name}/"


# ---- the model of CONTRIBUTING.md


@pytest.fixture(scope="module")
def two_pool(tmp_path_factory):
    """The model of the page, from a file of its own, registered while these tests run."""
    path = tmp_path_factory.mktemp("models") / "two_pool.py"
    path.write_text(python_of("CONTRIBUTING.md"))
    spec = importlib.util.spec_from_file_location("two_pool", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    yield "two-pool"
    del MODELS._known["two-pool"], REFERENCES["wang2014"]


@pytest.fixture(scope="module", params=[None, "constant", "temperature-logit"], ids=str)
def case(two_pool, request) -> model_contract.Case:
    model = sc.model(two_pool, cue=request.param)
    drivers = plausible.cells(30)
    return model_contract.Case(model, drivers, model.steady_state(drivers, fluxes=True))


@pytest.mark.parametrize("check", model_contract.CHECKS_OF_A_MODEL, ids=lambda check: check.__name__)
def test_declaration_of_the_example(two_pool, check):
    check(MODELS[two_pool])


@pytest.mark.parametrize("check", model_contract.CHECKS_OF_A_CASE, ids=lambda check: check.__name__)
def test_contract_of_the_example(case, check):
    check(case)


def test_example_has_the_steady_state_of_its_paper(two_pool):
    state = sc.model(two_pool).steady_state(plausible.cells(5))
    cue, turnover, uptake, half = 0.39, 4.38, 59.13, 53954.83
    np.testing.assert_allclose(state["organic_matter"], half * turnover / (cue * uptake - turnover), rtol=1e-9)
    microbes = state["carbon_input"] * 365 * cue / (turnover * (1 - cue))
    np.testing.assert_allclose(state["microbes"], microbes, rtol=1e-9)
    np.testing.assert_allclose(sc.cue(state, scale="community")["cue_community"], cue, rtol=1e-9)


def test_example_flags_what_it_cannot_solve(two_pool):
    state = sc.model(two_pool, parameters={"largest_uptake": 11.0}).steady_state(plausible.cells(2))
    assert (state["status"] == 2).all()
    assert "uptake_cannot_make_up_for_turnover" in state["crossed_limits"].attrs["flag_meanings"]
