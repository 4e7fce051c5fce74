"""Muscarella, Howey and Lennon (2020): growth efficiency of bacteria from a lake, on three substrates."""

import statistics
from collections.abc import Iterator
from pathlib import Path

from soilcue.records.reader import LeftOut, Reader, csv_rows
from soilcue.records.readers import READERS
from soilcue.records.schema import Record

SUBSTRATES = {"Glu": "glucose", "Suc": "succinate", "Pro": "protocatechuate"}
NEAR_ZERO = 1e-3


class Muscarella2020(Reader):
    """20 isolates on 3 substrates, 58 values."""

    name = "muscarella2020"
    folder = "muscarella2020_bge"
    files = ("BGE_data.txt.csv", "BP_data.txt.csv", "BR_data.txt.csv")
    traps = (
        "Isolates of a lake, not of soil; growing alone.",
        "BGE is production over production and respiration of the means of three replicates, to the last digit; the "
        "mean of the three ratios is another number.",
        "Among the replicates of respiration are zeros (13 of 66 triplicates): below detection.",
        "Many values are below 0.001: strains that hardly grew.",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """A record for each isolate and substrate that has one."""
        efficiency, production, respiration = (
            {row["Organism"]: row for row in csv_rows(folder / name)} for name in self.files
        )
        for isolate in production:
            for code, substrate in SUBSTRATES.items():
                cue = efficiency.get(isolate, {}).get(f"BGE_{code}")
                grown, respired = production[isolate][f"{code}_mean"], respiration[isolate][f"{code}_mean"]
                if cue is None:
                    if grown is not None or isolate in efficiency:
                        yield LeftOut(f"{self.files[0]}, {isolate} on {substrate}", "no growth efficiency is given")
                    continue
                replicates = [
                    [table[isolate][f"{code}_{i}c"] for i in (1, 2, 3)] for table in (production, respiration)
                ]
                record = Record.model_validate(
                    {
                        "id": f"{self.name}:{isolate}:{substrate}",
                        "dataset": self.name,
                        "doi": "10.1111/1462-2920.15120",
                        "study": "Muscarella et al. 2020",
                        "siteInfo": {"site": isolate},
                        "cueInfo": {
                            "methodFamily": "growth_tracer",
                            "level": "P",
                            "evidence": "measured",
                            "definition": "production/(production + respiration)",
                            "growthDefinition": "gross",
                            "substrate": substrate,
                            "growth": {"mean": grown, "sd": statistics.stdev(replicates[0]), "n": 3},
                            "respiration": {"mean": respired, "sd": statistics.stdev(replicates[1]), "n": 3},
                            "cue": {"mean": cue, "n": 3},
                        },
                    }
                )
                if 0 in replicates[1]:
                    record = record.flagged(
                        "zero_respiration", "doubtful", "one of the three replicates respired nothing: below detection"
                    )
                if cue < NEAR_ZERO:
                    record = record.flagged("hardly_growing", "note", f"efficiency {cue:g}: the strain hardly grew")
                yield record


READERS.register(Muscarella2020.name, Muscarella2020())
