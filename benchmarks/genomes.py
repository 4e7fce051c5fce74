"""Speed of genomes: 20 substrates on E. coli iML1515 beside cobra in the same run; load from the cache beside SBML.

Run: SOILCUE_DATA=/path/to/data python benchmarks/genomes.py (about a minute). Without the data only cobra's own
iJO1366 is read. cobra comes with the extra [bench].
"""

from __future__ import annotations

import gzip
import logging
import os
import tempfile
import time
from importlib import resources
from pathlib import Path

import cobra
import numpy as np

import soilcue as sc
from soilcue.genomes.efficiency import GROWS

SUBSTRATES = (
    "glucose", "fructose", "galactose", "mannose", "xylose", "arabinose", "ribose", "glycerol", "gluconate", "acetate",
    "pyruvate", "succinate", "malate", "fumarate", "lactate", "alanine", "glutamate", "serine", "proline", "trehalose",
)  # fmt: skip


def panel_beside_cobra(path: Path) -> None:
    """The same medium, bounds, growth and parsimonious FBA; only solving is timed on either side."""
    genome = sc.genomes.load(path)
    population = genome.population
    theirs = cobra.io.from_json(gzip.decompress(path.read_bytes()).decode())
    reactions = list(theirs.reactions)
    start = time.perf_counter()
    ours = {name: population.yield_on(name) for name in SUBSTRATES}
    own = time.perf_counter() - start
    peers, seconds = {}, 0.0
    for name in SUBSTRATES:
        lower, upper = population.bounds(name)
        start = time.perf_counter()
        for j, reaction in enumerate(reactions):
            if reaction.bounds != (lower[j], upper[j]):
                reaction.bounds = (lower[j], upper[j])
        fluxes = np.append(cobra.flux_analysis.pfba(theirs).fluxes.to_numpy(), 0.0)
        seconds += time.perf_counter() - start
        peers[name] = population.reckoned(name, float(fluxes[population.growth.reaction]), fluxes)
    off = max(abs(ours[name].cue_biomass - peers[name].cue_biomass) for name in SUBSTRATES)
    grown = sum(found.status == GROWS for found in ours.values())
    solver = theirs.solver.interface.__name__.split(".")[-1]
    print(f"{genome.name}, {len(SUBSTRATES)} substrates ({grown} grow), parsimonious FBA, largest difference {off:.1e}")
    print(f"  soilcue (HiGHS, warm)        {own:7.2f} s")
    print(f"  cobra ({solver}) {seconds:15.2f} s   {seconds / own:.1f} times as long")


def cache_beside_sbml(path: Path) -> None:
    """First reading of SBML, then the same from the cache, in an empty cache folder."""
    from soilcue.genomes.reading import read_model

    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("XDG_CACHE_HOME")
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            start = time.perf_counter()
            read_model(path)
            first = time.perf_counter() - start
            again = []
            for _ in range(5):
                start = time.perf_counter()
                read_model(path)
                again.append(time.perf_counter() - start)
        finally:
            if before is None:
                del os.environ["XDG_CACHE_HOME"]
            else:
                os.environ["XDG_CACHE_HOME"] = before
    print(f"{path.name}: SBML {first:.2f} s, from the cache {min(again):.4f} s, {first / min(again):.0f} times as fast")


def main() -> None:
    logging.getLogger("cobra").setLevel(logging.ERROR)
    print(f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
    root = os.environ.get("SOILCUE_DATA")
    if root and (Path(root) / "gems" / "iML1515.json.gz").is_file():
        panel_beside_cobra(Path(root) / "gems" / "iML1515.json.gz")
        for name in ("iMM904.xml.gz", "iDT1278.xml.gz", "carveme_sone.xml.gz"):
            cache_beside_sbml(Path(root) / "gems" / name)
    else:
        print("SOILCUE_DATA names no folder with gems/iML1515.json.gz: speed beside cobra is not measured")
    cache_beside_sbml(Path(str(resources.files("cobra.data"))) / "iJO1366.xml.gz")


if __name__ == "__main__":
    main()
