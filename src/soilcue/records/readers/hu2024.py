"""The compilation of Hu et al. (2024): CUE of added glucose, with clay, pH, dose and time."""

from collections.abc import Iterator
from pathlib import Path

from soilcue.records.reader import LeftOut, Reader, csv_rows
from soilcue.records.readers import READERS
from soilcue.records.schema import Record

LAND_COVER = {"cropland": "cultivated", "grassland": "rangeland/grassland", "forest": "forest"}


class Hu2024(Reader):
    """86 values of the CUE sheet; its other sheet holds accumulation efficiencies, which are no CUE."""

    name = "hu2024"
    folder = "hu2024_13Cglucose_cae_cue"
    files = ("Metadata__CUE.csv", "Metadata__CAE.csv")
    traps = (
        "No incubation temperature, no kEC, no spread and no number of replicates.",
        "Whether 13C or 14C, and which pool was measured, is not told row by row.",
        "fc is MAP/(MAT + 10), from which neither can be recovered; W is a weight of that analysis.",
        "The table is part of the published one. Four studies are also in yu2025.",
        "Doses of 0.0003 to 0.01 ug C per g soil are below a thousandth of the microbial carbon.",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """A record a row of the CUE sheet."""
        for number, row in enumerate(csv_rows(folder / self.files[0]), start=2):
            biomass = None if row["MBC"] is None else 1000 * row["MBC"]
            yield Record.model_validate(
                {
                    "id": f"{self.name}:{number}",
                    "dataset": self.name,
                    "study": row["Study"],
                    "siteInfo": {
                        "coordinates": {"latitude": row["Lat"], "longitude": row["Lon"]},
                        "landCover": None if row["Eco"] is None else LAND_COVER[row["Eco"]],
                    },
                    "incubationInfo": {"incubationTime": row["Time"]},
                    "initConditions": {
                        "percentClay": row["Clay"],
                        "pH": row["pH"],
                        "carbonToNitrogen": row["SOC:N"],
                        "microbialBiomass": biomass,
                        "microbialBiomassUnits": None if biomass is None else "ug C g-1",
                    },
                    "cueInfo": {
                        "methodFamily": "carbon_label",
                        "level": "C",
                        "evidence": "measured",
                        "substrate": "glucose",
                        "substrateAmount": row["Rate"],
                        "substrateToBiomass": row["Rate"] / biomass if biomass else None,
                        "cue": {"mean": row["CUE"]},
                    },
                }
            )
        others = csv_rows(folder / self.files[1])
        yield LeftOut(
            f"{self.files[1]}, lines 2 to {len(others) + 1}",
            f"{len(others)} carbon accumulation efficiencies of {len({row['Study'] for row in others})} studies: they "
            "count residues with biomass, so they are no CUE",
        )


READERS.register(Hu2024.name, Hu2024())
