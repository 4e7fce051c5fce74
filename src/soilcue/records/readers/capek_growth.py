"""The pulse experiments that Čapek and co-workers collected: substrate, biomass and CO2 with time after an addition.

Not all of them hold a CUE. Where labelled biomass and labelled CO2 are there, it is labelled biomass over both; where
only total biomass and CO2 are there, it is the net gain over gain and CO2; where biomass and the substrate left are
there, the gain over the substrate used. Carbon is in umol per g of dry soil (as the manuscript in the same repository
says).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from soilcue.records.methods import includes_of
from soilcue.records.reader import LeftOut, Reader, csv_rows
from soilcue.records.readers import READERS
from soilcue.records.schema import Includes, Record

UNIT = "umol C g-1"
CARBON_MASS = 12.011

WITHOUT = {
    "Blagodatskaya2014.csv": "DNA and CO2, but no biomass carbon",
    "Marstorp1999.csv": "CO2 of unlabelled carbon only; labelled biomass as extracted carbon without kEC",
    "Nannipieri1977.csv": "biovolume and CO2, but no biomass carbon",
    "Ziegler2005.csv": "labelled PLFA, but no labelled biomass carbon; substrate at the start is 40 and 42.6",
    "HankaVidenData.csv": "cells and walls counted, of which the carbon is not told",
    "VidenSucrose.csv": "means of HankaVidenData.csv",
    "VidenSodiumAcetate.csv": "means of HankaVidenData.csv",
    "Wardle1990.csv": "kEC only",
    "Tessier1998.csv": "kEC only",
    "Chapman.csv": "composition of cultures by growth rate",
    "Dourado2020.csv": "composition of cultures by growth rate",
    "Herbert1961.csv": "composition of cultures by growth rate",
    "Pitt1981.csv": "composition of cultures by growth rate",
}
"""Files of the set that give no CUE, and why."""


def _labelled(
    carbon: str, respired: str, is_flush: bool, method: str | None = None
) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """Labelled biomass over labelled biomass and labelled CO2; kEC measured on the same sample."""

    def info(row: dict[str, Any]) -> dict[str, Any] | None:
        if row[carbon] is None or row[respired] is None or row["kec"] is None:
            return None
        growth, respiration = row[carbon] / row["kec"] if is_flush else row[carbon], row[respired]
        return {
            "method": method,
            "methodFamily": "carbon_label",
            "includes": includes_of(method) if method else Includes(),
            "definition": "labelled biomass/(labelled biomass + labelled CO2)",
            "conversions": {"kEC": row["kec"], "kECSampleSpecific": True},
            "growth": {"mean": growth, "unit": UNIT},
            "respiration": {"mean": respiration, "unit": UNIT},
            "cue": {"mean": growth / (growth + respiration)},
        }

    return info


def _net(carbon: str, respired: str) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """Net gain of biomass over gain and all CO2."""

    def info(row: dict[str, Any]) -> dict[str, Any] | None:
        if row[carbon] is None or row[respired] is None:
            return None
        gain, respiration = row[carbon] - row["start"], row[respired]
        return {
            "method": "batch_growth",
            "methodFamily": "batch_growth",
            "includes": includes_of("batch_growth"),
            "definition": "gain of biomass/(gain of biomass + CO2)",
            "growthDefinition": "net",
            "growth": {"mean": gain, "unit": UNIT},
            "respiration": {"mean": respiration, "unit": UNIT},
            "cue": {"mean": gain / (gain + respiration)},
        }

    return info


def _used(row: dict[str, Any]) -> dict[str, Any] | None:
    """Net gain of biomass over the substrate that disappeared."""
    if row["Cmic"] is None or row["S"] is None:
        return None
    gain, uptake = row["Cmic"] - row["start"], row["Sinit"] - row["S"]
    return {
        "methodFamily": "mass_balance",
        "definition": "gain of biomass/substrate used",
        "growthDefinition": "net",
        "growth": {"mean": gain, "unit": UNIT},
        "uptake": {"mean": uptake, "unit": UNIT},
        "cue": {"mean": gain / uptake},
    }


SUBSTRATES = {"Glucose": "glucose", "Alanin": "alanine"}

WITH = {
    "BremerKessel1990.csv": (
        "Bremer and van Kessel 1990",
        _labelled("Cmic14", "CO214cumul", False, "radiocarbon_label"),
    ),
    "Glanville2016.csv": ("Glanville et al. 2016", _labelled("Flush", "CO2", True)),
    "Santruckova2004.csv": ("Šantrůčková et al. 2004", _labelled("Flush", "CO2", True)),
    "Sparling1990.csv": (None, _labelled("Flush", "CO2", True)),
    "Chen2019.csv": ("Chen et al. 2019", _net("Cmic", "CO2")),
    "Tsai1997.csv": ("Tsai et al. 1997", _net("Cmic", "CO2cumul")),
    "Joergensen2002.csv": ("Joergensen and Raubuch 2002", _used),
}
"""Files that give a CUE: the study, and how."""

EXTRACTED = ("Chen2019.csv", "Tsai1997.csv", "Joergensen2002.csv")
"""Files whose biomass is, or may be, the extracted carbon rather than all of it."""


class CapekGrowth(Reader):
    """Seven pulse experiments give a CUE with time; thirteen files do not."""

    name = "capek_growth"
    folder = "capek_soilmb_growth"
    files = (*WITH, *WITHOUT)
    traps = (
        "Values were read off figures of papers; replicates and spreads are not told.",
        "Rows of one experiment are one series in time: they are not independent.",
        "kEC differs from row to row because it was measured from the label itself: with it, labelled biomass is "
        "what is left of the label.",
        "In Chen2019.csv, treatment HighP, the column of the starting biomass holds the dose: the biomass at time zero "
        "is taken.",
        "Total biomass of Chen, Tsai and Joergensen is, or may be, extracted carbon (biomass times 0.45 where the "
        "paper gave biomass): their CUE is then about half of what it would be.",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """A record for each sampling with growth."""
        for name, (study, info_of) in WITH.items():
            without, rows = 0, csv_rows(folder / name)
            starts = {row.get("Treatment"): row.get("Cmic") for row in rows if row["Time"] == 0}
            for number, row in enumerate(rows, start=2):
                row["start"] = starts.get(row.get("Treatment"))
                info = None if row["Time"] == 0 else info_of(row)
                if info is None:
                    without += 1
                    continue
                yield self._record(name, number, study or str(row["Study"]), row, info)
            if without:
                yield LeftOut(name, f"{without} rows of the start, or with biomass or CO2 missing")
        for name, reason in WITHOUT.items():
            yield LeftOut(name, f"no CUE: {reason}")

    def _record(self, name: str, number: int, study: str, row: dict[str, Any], info: dict[str, Any]) -> Record:
        record = Record.model_validate(
            {
                "id": f"{self.name}:{name.removesuffix('.csv')}:{number}",
                "dataset": self.name,
                "study": study,
                "entryNote": row.get("Treatment") and f"treatment {row['Treatment']}",
                "siteInfo": {"site": row.get("Soil") if isinstance(row.get("Soil"), str) else None},
                "incubationInfo": {"incubationTime": row["Time"], "temperature": row.get("Temperature")},
                "initConditions": {"pH": row.get("pH"), "percentClay": row.get("Clay")},
                "cueInfo": {
                    "level": "C",
                    "evidence": "derived",
                    "substrate": SUBSTRATES.get(str(row.get("Substrate"))),
                    "substrateAmount": row["Sinit"] * CARBON_MASS,
                    **info,
                },
            }
        )
        if row["start"] is not None and abs(row["start"] - row["Cmicinit"]) > 1e-9:
            record = record.flagged(
                "wrong_start",
                "note",
                f"the column of the starting biomass has {row['Cmicinit']:.4g}, which is the dose; the biomass at time "
                f"zero is {row['start']:.4g}, and is used",
            )
        if name in EXTRACTED:
            record = record.flagged(
                "extracted_carbon",
                "doubtful",
                "growth is, or may be, the gain of extracted carbon rather than of biomass: kEC is not applied",
            )
        if record.cueInfo.growthDefinition == "net" and record.cueInfo.growth.mean < 0:  # type: ignore[operator]
            record = record.flagged("shrinking", "note", "biomass fell below its start: net growth is negative")
        return record


READERS.register(CapekGrowth.name, CapekGrowth())
