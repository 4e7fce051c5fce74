"""Finished blocks: whole or not there, believed only with the checksum of their job."""

import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from soilcue.core.block_store import BlockStore


def block(value: float) -> xr.Dataset:
    return xr.Dataset({"x": ("cell", np.full(3, value), {"units": "1"})}, attrs={"told": "a"})


def refuse() -> xr.Dataset:
    raise AssertionError("it is there")


def test_a_block_is_computed_once(tmp_path):
    store, told = BlockStore(tmp_path / "parts"), []
    assert not (tmp_path / "parts").exists()
    store.block("job", "0", lambda: block(1.0), told.append)
    assert told == []
    again = BlockStore(tmp_path / "parts").block("job", "0", refuse, told.append)
    xr.testing.assert_identical(again, block(1.0))
    assert len(told) == 1


@pytest.mark.parametrize("harm", ["cut", "empty", "a bit", "other job", "no file"])
def test_what_cannot_be_believed_is_computed_anew(tmp_path, harm):
    store = BlockStore(tmp_path)
    store.block("job", "0", lambda: block(1.0))
    file = tmp_path / "job" / "0.nc"
    if harm == "other job":
        store.block("other", "0", lambda: block(3.0))
        (tmp_path / "other" / "0.nc").replace(file)
    elif harm == "no file":
        file.unlink()
    else:
        whole = file.read_bytes()
        numbers = np.full(3, 1.0).tobytes()
        assert whole.count(numbers) == 1
        harmed = {"empty": b"", "cut": whole[:-100], "a bit": whole.replace(numbers, b"\1" + numbers[1:])}
        file.write_bytes(harmed[harm])
    assert float(store.block("job", "0", lambda: block(2.0))["x"][0]) == 2.0
    assert float(store.block("job", "0", refuse)["x"][0]) == 2.0


def test_blocks_go_when_they_are_not_needed(tmp_path):
    store = BlockStore(tmp_path / "parts")
    for job in ("one", "two"):
        store.block(job, "0", lambda: block(1.0))
    store.remove("one")
    assert os.listdir(tmp_path / "parts") == ["two"]
    store.remove()
    store.remove()
    assert os.listdir(tmp_path) == []
    nothing = BlockStore(None)
    assert float(nothing.block("job", "0", lambda: block(1.0))["x"][0]) == 1.0
    nothing.remove()


def test_a_full_disk_keeps_the_blocks_that_are_there(tmp_path):
    script = (
        "import resource, sys, numpy as np, xarray as xr\n"
        "from soilcue.core.block_store import BlockStore\nfrom soilcue.core.errors import InputError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "store = BlockStore(sys.argv[1])\n"
        "small, large = (xr.Dataset({'x': ('cell', np.random.default_rng(0).random(n))}) for n in (10, 100_000))\n"
        "store.block('job', '0', lambda: small)\n"
        "try: store.block('job', '1', lambda: large)\n"
        "except InputError as error: print(error)"
    )
    ended = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert "1.nc: the file would be larger than the system allows" in ended.stdout
    assert os.listdir(tmp_path / "job") == ["0.nc"]
