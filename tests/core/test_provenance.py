"""Checksums of what a result depends on: they change with it, and with nothing else."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import soilcue as sc
from soilcue.core import provenance
from soilcue.core.errors import InputError
from soilcue.core.provenance import checksum

CELLS = xr.Dataset({"temperature": ("cell", np.arange(5.0), {"units": "degC"})}, {"cell": list("abcde")})

MODELS = {
    "plain": lambda: sc.model("century").network,
    "set": lambda: sc.model("mimics").network,
    "other set": lambda: sc.model("mimics", "sandbox2015").network,
    "parameter": lambda: sc.model("century", {"metabolic_intercept": 0.84}).network,
    "scheme": lambda: sc.model("century", cue="temperature-linear").network,
    "scheme with another slope": lambda: sc.model("century", cue={"temperature-linear": {"slope": -0.01}}).network,
    "option": lambda: sc.model("mimics", options={"moisture": "corpse"}).network,
}


def test_whatever_differs_has_another_checksum():
    changed = CELLS.copy(deep=True)
    changed["temperature"][2] += 1e-12
    parts = [
        CELLS,
        changed,
        CELLS.isel(cell=slice(4)),
        CELLS.rename(cell="site"),
        CELLS.assign(temperature=CELLS["temperature"].assign_attrs(units="K")),
        CELLS.assign_coords(cell=list("abcdf")),
        CELLS["temperature"],
        CELLS["temperature"].values,
        CELLS["temperature"].values.astype(np.float32),
        *(make() for make in MODELS.values()),
        *(1, 1.0, True, "1", None, [1], (1, 2), {"a": 1}, {"a": 2}, b"1"),
    ]
    assert len({checksum(part) for part in parts}) == len(parts)
    assert checksum("a", "b") != checksum("ab")
    assert checksum({"a": 1, "b": 2}) == checksum({"b": 2, "a": 1})
    assert checksum(CELLS) == checksum(CELLS.copy(deep=True))


@given(st.integers(1, 7), st.integers(1, 5))
def test_an_array_is_read_in_pieces_with_the_same_checksum(rows, columns):
    values = xr.DataArray(np.arange(rows * columns, dtype=float).reshape(rows, columns))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provenance, "_AT_ONCE", 2 * columns)
        pieces = checksum(values)
        patch.setattr(provenance, "_AT_ONCE", 10**6)
        # a piece has its length in the checksum: what is read together is part of the format
        assert (pieces == checksum(values)) == (rows <= 2)


def test_another_process_finds_the_same(tmp_path):
    (tmp_path / "own.py").write_text(
        "import math\ndef less(cue, temperature):\n    return cue * math.exp(-0.01 * temperature)\n"
        "def by(share):\n    def f(cue):\n        return share * cue\n    return f\n"
    )
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\nimport own, xarray as xr\n"
        "from soilcue.core.provenance import checksum\n"
        "def here(cue):\n    return 0.9 * cue\n"
        "for f in (own.less, own.by(0.5), own.by(0.6), here): print(checksum(f))\n"
        "print(checksum(xr.Dataset({'x': ('cell', [1.0, 2.0]), 'place': ('cell', ['a', 'b'])})))"
    )
    (tmp_path / "script.py").write_text(script)

    def told() -> list[str]:
        run = [sys.executable, tmp_path / "script.py", tmp_path]
        return subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()

    first = told()
    assert len(set(first)) == 5
    (tmp_path / "script.py").write_text(script.replace("0.9 * cue", "0.8 * cue") + "\nprint('more')")
    second = told()
    assert [one == other for one, other in zip(first, second, strict=False)] == [True, True, True, False, True]
    (tmp_path / "own.py").write_text((tmp_path / "own.py").read_text() + "# looked at again\n")
    assert [one == other for one, other in zip(first, told(), strict=False)] == [False, False, False, False, True]


def test_what_cannot_be_known_again_is_refused():
    typed = {}
    exec("def f(cue):\n    return 0.9 * cue", {"__name__": "__main__"}, typed)
    with pytest.raises(InputError, match="Put it into a file"):
        checksum(typed["f"])
    with pytest.raises(InputError, match="no number, array or text"):
        checksum(object())
