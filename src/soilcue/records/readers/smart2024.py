"""Smart and co-workers (2024): CO2 and O2 of a forest soil with glucose, and CUE from their ratio."""

from collections.abc import Iterator
from pathlib import Path

from soilcue.records.methods import cue_info
from soilcue.records.reader import LeftOut, Reader, csv_rows
from soilcue.records.readers import READERS
from soilcue.records.schema import Record

LARGEST_RQ = 4.0
"""Where the authors' own table of RQ and CUE ends (CUE 0.6)."""


class Smart2024(Reader):
    """1,081 intervals of 14 bottles; CUE is inferred from RQ, not measured."""

    name = "smart2024"
    folder = "smart2024_rq_cue"
    files = ("Processed_Gas_Dataset.csv", "modelleddata.csv")
    traps = (
        "CUE is inferred from RQ = (1 - CUE)/(1 - 1.5 CUE). That is a biomass with a degree of reduction of 6.0, where "
        "measured ones lie between 4 and 4.8: with 4.2 the same RQ would mean a far higher CUE.",
        "Where RQ is below one CUE is set to zero: nearly half the rows.",
        "RQ of single intervals runs from -81 to 79: oxygen consumption near zero, or below.",
        "Intervals of one bottle follow each other: they are not independent.",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """A record an interval; intervals without gas are left out by count."""
        without = 0
        for number, row in enumerate(csv_rows(folder / self.files[0]), start=2):
            if row["CUE_est"] is None:
                without += 1
                continue
            ratio, oxygen = row["RQ"], row["O2_Consumed"]
            glucose = str(row["Treatment"])
            record = Record.model_validate(
                {
                    "id": f"{self.name}:{number}",
                    "dataset": self.name,
                    "study": "Smart et al. 2024",
                    "entryNote": f"bottle {row['Bottle']}, RQ {ratio:.4g}",
                    "siteInfo": {
                        "site": "Jennings Woods",
                        "country": "USA",
                        "landCover": "forest",
                        "coordinates": {"latitude": 41.1789908, "longitude": -81.2031001},
                    },
                    "incubationInfo": {
                        "depthInfo": {"bottom": 5, "horizon": "Oi and A"},
                        "incubationTime": row["Time"] / 24,
                    },
                    "cueInfo": cue_info(
                        "respiratory_quotient",
                        evidence="derived",
                        definition="CUE from RQ = (1 - CUE)/(1 - 1.5 CUE)",
                        substrate=None if glucose == "Control" else "glucose",
                        respiration={"mean": row["CO2_Produced"], "unit": "mol CO2 per bottle and 2 h"},
                        cue={"mean": row["CUE_est"]},
                        pair={
                            "role": "control" if glucose == "Control" else "treatment",
                            "treatment": None if glucose == "Control" else f"{glucose} mg glucose",
                        },
                    ),
                }
            )
            record = record.flagged("inferred", "note", "inferred from RQ for a biomass of degree of reduction 6.0")
            if oxygen <= 0:
                record = record.flagged(
                    "no_oxygen_used", "impossible", f"oxygen consumption is {oxygen:.3g} mol: RQ and CUE mean nothing"
                )
            elif row["CUE_est"] == 0 and ratio < 1:
                record = record.flagged("clipped", "doubtful", f"RQ {ratio:.3g} is below one, and CUE is set to zero")
            elif ratio > LARGEST_RQ:
                record = record.flagged(
                    "beyond_relation", "doubtful", f"RQ {ratio:.3g} lies beyond the relation, which ends at 4"
                )
            yield record
        yield LeftOut(self.files[0], f"{without} intervals without gas")


READERS.register(Smart2024.name, Smart2024())
