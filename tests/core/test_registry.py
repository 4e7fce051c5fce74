"""Registries: built-ins found by scanning a folder, others by entry points."""

import importlib
import importlib.metadata
import sys

import pytest

from soilcue.core.errors import InputError
from soilcue.core.registry import Registry
from soilcue.models import MODELS
from soilcue.schemes import SCHEMES


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A package `shelf` of two modules that register themselves, and a private one that must not be imported."""
    package = tmp_path / "shelf"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from soilcue.core.registry import Registry\nTHINGS = Registry('thing', 'shelf', 'shelf.things')\n"
    )
    for name in ("cup", "plate"):
        (package / f"{name}.py").write_text(f"from shelf import THINGS\nTHINGS.register('{name}', object())\n")
    (package / "_hidden.py").write_text("raise RuntimeError('a private module was imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("shelf").THINGS
    for name in [m for m in sys.modules if m.split(".")[0] == "shelf"]:
        del sys.modules[name]


def test_folder_is_scanned_when_first_asked_and_not_before(shelf):
    assert "shelf.cup" not in sys.modules
    assert list(shelf) == ["cup", "plate"]
    assert "shelf.cup" in sys.modules


def test_a_file_more_is_a_thing_more(shelf, tmp_path):
    (tmp_path / "shelf" / "bowl.py").write_text("from shelf import THINGS\nTHINGS.register('bowl', 1)\n")
    assert list(shelf) == ["bowl", "cup", "plate"]


def test_entry_points_of_other_distributions_are_loaded(shelf, tmp_path):
    (tmp_path / "outsider.py").write_text("MUG = 'a mug'\n")
    info = tmp_path / "outsider-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[shelf.things]\nmug = outsider:MUG\n")
    importlib.invalidate_caches()
    assert shelf["mug"] == "a mug"
    assert list(shelf) == ["cup", "mug", "plate"]


def test_unknown_name_is_refused_with_the_nearest(shelf):
    with pytest.raises(InputError, match=r"unknown thing 'cups'\. Did you mean 'cup'"):
        shelf["cups"]


def test_two_things_under_one_name_are_refused():
    registry = Registry("thing", "soilcue.schemes", "none")
    first = object()
    assert registry.register("one", first) is first
    assert registry.register("one", first) is first
    with pytest.raises(InputError, match="two things bear the name 'one'"):
        registry.register("one", object())


@pytest.mark.parametrize("registry", [MODELS, SCHEMES], ids=["models", "schemes"])
def test_this_project_announces_nothing_to_itself(registry):
    assert len(importlib.metadata.entry_points(group=registry.entry_point_group)) == 0
    assert registry.entry_point_group == registry.package
