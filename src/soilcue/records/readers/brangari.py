"""The European gradient of Brangarí and Rousk (2025): growth of bacteria and fungi, and respiration, by temperature.

Bacterial growth is by leucine, fungal growth by acetate into ergosterol; both become carbon by one factor each, so
that CUE is firm in its shape over temperature and not in its level.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soilcue.records.methods import cue_info
from soilcue.records.reader import LeftOut, Reader, csv_rows
from soilcue.records.readers import READERS
from soilcue.records.schema import Record

LAND_COVER = {
    "forest": (
        "forest",
        "mix decidous stand",
        "holmoak",
        "spruce forest",
        "pine forest",
        "alpine forest",
        "hardwood forest",
        "store pine",
        "turner's oak",
        "pinus & quercus forest",
        "dwarf beech",
        "spruce",
        "oak",
    ),
    "rangeland/grassland": ("grassland", "grassland, park", "alpine treeline, grassy", "alpine grassland near lake"),
    "shrubland": ("shrub", "heatland"),
    "cultivated": (
        "potatoe field",
        "cropped field",
        "olive orchard",
        "agricultural field, orange plantation",
        "cropped field (potatoes)",
        "agricultural field",
        "paddy field",
        "agriculture",
    ),
}
"""Land cover of SIDb for the words of the table; gardens, parks and abbreviations stay without."""

COVER_OF = {words: cover for cover, several in LAND_COVER.items() for words in several}
CARBON_OF_LEUCINE = 0.00392857
"""Carbon of bacterial growth per unit of leucine taken up: the factor in the workbook's own formula."""


class Brangari(Reader):
    """760 rows of 76 soils, 753 of them with CUE."""

    name = "brangari"
    folder = "brangari_european_gradient"
    files = ("EuropeanGradientData__EuropeanGradientData.csv", "EuropeanGradientData__EG_SitesDataset.csv")
    traps = (
        "CUE in 130 rows stands beside a missing bacterial or fungal growth, or respiration: it comes from values that "
        "were filled in.",
        "At 0 °C (60 of 68 rows) CUE is not the growth over growth and respiration of the same row.",
        "In all rows but one CUE follows, to a millionth, from b_thy, fbratio and respiration: those two columns are "
        "filled in throughout, growth in carbon is not.",
        "Growth by leucine and acetate becomes carbon by fixed factors; the level of CUE hangs on them.",
        "Four soils have no line in the table of sites. Units of organic matter are not stated.",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """A record a row that has a CUE; the others are left out by name."""
        sites = {row["soil"]: row for row in csv_rows(folder / self.files[1])}
        for number, row in enumerate(csv_rows(folder / self.files[0], na_values=["#VALUE!"]), start=2):
            if row["cue"] is None:
                missing = [words for words, name in _PARTS.items() if row[name] is None]
                yield LeftOut(f"{self.files[0]}, line {number}", f"no CUE: {' and '.join(missing)} missing")
                continue
            yield self._record(row, sites.get(row["soil"]))

    def _record(self, row: dict[str, Any], site: dict[str, Any] | None) -> Record:
        temperature = float(row["temp"])
        bacteria, fungi, respiration = row["b_c"], row["f_c"], row["r_c"]
        growth = None if bacteria is None or fungi is None else bacteria + fungi
        cover = None if site is None or site["type"] is None else COVER_OF.get(str(site["type"]).strip().casefold())
        record = Record.model_validate(
            {
                "id": f"{self.name}:{row['soil']}:{temperature:g}",
                "dataset": self.name,
                "doi": "10.1038/s43247-025-02707-1",
                "study": "Brangarí and Rousk 2025",
                "siteInfo": {
                    "site": f"soil {row['soil']}",
                    **(
                        {}
                        if site is None
                        else {
                            "coordinates": {"latitude": site["lat"], "longitude": site["lon"]},
                            "country": _accents(site["counrty"]),
                            "MAT": site["mat"],
                            "MAP": site["map"],
                            "landCover": cover,
                            "vegNote": site["type"],
                            "samplingDate": site["sampling"],
                        }
                    ),
                },
                "incubationInfo": {"temperature": temperature},
                "initConditions": {} if site is None else {"pH": site["pH"], "organicMatter": site["som"]},
                "cueInfo": cue_info(
                    "growth_tracers",
                    evidence="measured" if growth is not None and respiration is not None else "derived",
                    definition="(bacterial + fungal growth)/(bacterial + fungal growth + respiration)",
                    growthDefinition="gross",
                    conversions={"other": "bacterial carbon 0.00392857 of leucine, fungal carbon 0.0026 of acetate"},
                    growth={"mean": growth},
                    respiration={"mean": respiration},
                    cue={"mean": row["cue"]},
                ),
            }
        )
        missing = [words for words, name in _PARTS.items() if row[name] is None]
        if missing:
            record = record.flagged(
                "filled", "doubtful", f"CUE although {' and '.join(missing)} is missing: from values filled in"
            )
        if bacteria is not None and abs(bacteria - 10 * CARBON_OF_LEUCINE * row["b_thy"]) > 1e-6:
            record = record.flagged(
                "inconsistent",
                "doubtful",
                f"bacterial growth {bacteria:.4g} and the value {10 * CARBON_OF_LEUCINE * row['b_thy']:.4g} behind the "
                "CUE differ",
            )
        if site is None:
            record = record.flagged("no_site", "note", f"soil {row['soil']} is not in the table of sites")
        return record


_PARTS = {"bacterial growth": "b_c", "fungal growth": "f_c", "respiration": "r_c"}


def _accents(text: str | None) -> str | None:
    """Text whose UTF-8 was read as Mac Roman on the way to the file, as it was."""
    if text is None or text.isascii():
        return text
    return text.encode("mac_roman").decode("utf-8")


READERS.register(Brangari.name, Brangari())
