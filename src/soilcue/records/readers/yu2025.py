"""The compilation of Yu et al. (2025), its development part: CUE of soils by substrate and temperature."""

from collections.abc import Iterator
from pathlib import Path

from soilcue.records.methods import includes_of
from soilcue.records.reader import LeftOut, Reader, csv_rows
from soilcue.records.readers import READERS
from soilcue.records.schema import Includes, Record

MENDED = {"?antr??kov¨¢ et al. 2004": "Šantrůčková et al. 2004"}
"""Names whose accents were lost on the way to the file."""

GROWTH_AT_MOST = 0.9
"""Above this, 14C left out of CO2 within minutes to hours is assimilation, not yet growth."""


class Yu2025(Reader):
    """469 values of 34 studies; the table tells substrate and temperature, and of the method only whether water."""

    name = "yu2025"
    folder = "yu2025_cue"
    files = ("yu2025_development.csv",)
    traps = (
        "The method is not told: substrate 'H2O' is labelled water, all others are labelled or plain substrates.",
        "Soil carbon, C:N, mean annual temperature, aridity and fungi to bacteria are read from maps at the "
        "coordinates, without units: they are not measurements on the soils.",
        "No ecosystem, pH, clay, depth, incubation time, replicates or spread.",
        "CUE.detrend is CUE less a random effect of the substrate (three values above one): not read.",
        "Values above 0.9 of free amino sugars and glucose within minutes are assimilation rather than growth.",
        "A few studies hold most rows, so rows must not be counted as if they were studies.",
    )
    repeat_fields = (
        "siteInfo.coordinates.latitude",
        "siteInfo.coordinates.longitude",
        "cueInfo.cue.mean",
        "cueInfo.substrate",
        "incubationInfo.temperature",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """A record a row."""
        for row in csv_rows(folder / self.files[0]):
            study, substrate = str(row["study"]), str(row["substrate"])
            water = substrate == "H2O"
            record = Record.model_validate(
                {
                    "id": f"{self.name}:{row['X']}",
                    "dataset": self.name,
                    "study": MENDED.get(study, study),
                    "siteInfo": {"coordinates": {"latitude": row["latitude"], "longitude": row["longitude"]}},
                    "incubationInfo": {"temperature": row["temperature"]},
                    "mapped": {
                        "soilCarbon": row["SOC_value"],
                        "carbonToNitrogen": row["CN_value"],
                        "MAT": row["MAT_value"],
                        "aridityIndex": row["AI_value"],
                        "fungalToBacterial": row["fb_value"],
                    },
                    "cueInfo": {
                        "methodFamily": "water_label" if water else "carbon_label",
                        "level": "C",
                        "evidence": "measured",
                        "includes": includes_of("oxygen_label") if water else Includes(),
                        "substrate": None if water else substrate.casefold(),
                        "cue": {"mean": row["CUE"]},
                    },
                }
            )
            if study in MENDED:
                record = record.flagged("mended_name", "note", f"the file has {study!r} for {MENDED[study]!r}")
            if not water and substrate == "Other acid":
                record = record.flagged("mended_label", "note", "'Other acid' and 'other acid' are taken for one label")
            if not water and row["CUE"] > GROWTH_AT_MOST:
                record = record.flagged(
                    "assimilation",
                    "doubtful",
                    f"CUE {row['CUE']:g} of an added substrate: assimilated carbon, of which not all becomes biomass",
                )
            yield record


READERS.register(Yu2025.name, Yu2025())
