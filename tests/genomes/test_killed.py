"""The command on real models, killed by a signal that no program can catch, and started again."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import toy_genome

from soilcue.genomes.genome import embedded_models


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The two real models of the package and two toys, of which the toys are done first."""
    place = tmp_path_factory.mktemp("models")
    for name, path in embedded_models().items():
        shutil.copy(path, place / f"{name}.npz")
    for number in range(2):
        (place / f"toy{number}.json").write_bytes(toy_genome.as_json(toy_genome.toy(cost=9.0 + number)))
    return place


def started(models, folder, cache):
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "soilcue", "genomes", models, "--folder", folder, "--substrates", "three"]
    command += ["--members", "2", "--processes", "2", "--maintenance", "none"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(process):
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()


def killed_when(process, folder, parts):
    """Kill it when so many genomes are done; what stood in the folder then."""
    kept = folder / "genomes.parts"
    while process.poll() is None and len(list(kept.glob("*.json"))) < parts:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_killed_and_started_again_gives_the_same_tables_to_the_last_bit(models, tmp_path):
    quiet, stopped, cache = tmp_path / "quiet", tmp_path / "stopped", tmp_path / "cache"
    finished(started(models, quiet, cache))
    assert killed_when(started(models, stopped, cache), stopped, 3) == ["genomes.parts"]
    finished(started(models, stopped, cache))
    one, other = (pd.read_parquet(folder / "genomes.parquet") for folder in (quiet, stopped))
    assert len(one) == 4 * 3
    assert (one["status"] == "grows").sum() > 6
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert (quiet / "genome_audit.csv").read_bytes() == (stopped / "genome_audit.csv").read_bytes()
    assert sorted(path.name for path in stopped.iterdir()) == sorted(path.name for path in quiet.iterdir())
