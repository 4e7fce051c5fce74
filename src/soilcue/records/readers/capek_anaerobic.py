"""Niedźwiecka et al. (2025): the balance of 13C-glucose in two soils, with and without oxygen."""

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soilcue.records.methods import cue_info
from soilcue.records.reader import LeftOut, Reader, csv_rows
from soilcue.records.readers import READERS
from soilcue.records.schema import Record

SITES = {"PL": "Plešné", "CT": "Čertovo"}
CARBON_MASS = 12.011


class CapekAnaerobic(Reader):
    """12 records: 2 soils, with and without oxygen, at 3 times, as means of the mass balance."""

    name = "capek_anaerobic"
    folder = "capek_angel_anaerobic_cue"
    files = ("IncubationExperimetData_final__Data.csv", "CUE_time.csv")
    traps = (
        "The 16 rows of a soil, treatment and time are 4 samples combined with 2 x 2 isotope values: they are no 16 "
        "replicates.",
        "The columns CUE and CUEa (64 rows, the last time of each) do not follow from biomass and CO2 of their row: "
        "CUEa is biomass over the glucose given plus a constant, CUE adds the label in the water extract. The values "
        "published by group are near biomass over the glucose given.",
        "CUE as published without oxygen counts what was fermented to acids; here CUE is label in biomass over label "
        "in biomass and CO2, everywhere.",
        "kEC is 0.45 throughout; the soils differ fourfold in what they keep.",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """A record for each soil, treatment and time after the start."""
        groups: dict[tuple, list[dict[str, Any]]] = {}
        for row in csv_rows(folder / self.files[0]):
            groups.setdefault((row["Site"], row["Aeration"], row["Time"]), []).append(row)
        published = _published(csv_rows(folder / self.files[1], sep=";"))
        for (site, aeration, time), rows in groups.items():
            where = f"{self.files[0]}, {SITES[site]}, {'with' if aeration == 'A' else 'without'} oxygen, {time:g} h"
            if time == 0:
                yield LeftOut(where, f"{len(rows)} rows of the start: no label in biomass or CO2 yet")
                continue
            start = [row for row in groups[site, aeration, 0] if row["MBC"] is not None]
            yield self._record(site, aeration, time, rows, start, published[site, aeration, time])
        last = [row for rows in groups.values() for row in rows if row["CUE"] is not None]
        broken = sum(abs(row["CUEa"] - row["MBC_CH2O"] / (row["MBC_CH2O"] + row["CO2_CH2O"])) > 0.005 for row in last)
        yield LeftOut(
            f"{self.files[0]}, columns CUEa and CUE",
            f"{len(last)} values by row: {broken} of CUEa are not biomass over biomass and CO2 of their row, so none "
            "is taken for a measurement",
        )

    def _record(
        self,
        site: str,
        aeration: str,
        time: float,
        rows: list[dict[str, Any]],
        start: list[dict[str, Any]],
        published: dict,
    ) -> Record:
        samples = [row for row in rows if row["MBC"] is not None]
        growth, respiration = _mean(rows, "MBC_CH2O"), _mean(rows, "CO2_CH2O")
        cue = growth / (growth + respiration)
        oxygen = "with oxygen" if aeration == "A" else "without oxygen"
        record = Record.model_validate(
            {
                "id": f"{self.name}:{site}:{aeration}:{time:g}",
                "dataset": self.name,
                "doi": "10.5194/soil-11-735-2025",
                "study": "Niedźwiecka et al. 2025",
                "entryNote": "means over 4 samples with each of the isotope values of their group; CUE as published: "
                + ", ".join(f"{name} {value:g}" for name, value in published.items()),
                "siteInfo": {"site": SITES[site], "country": "Czechia"},
                "incubationInfo": {
                    "anaerobic": aeration == "N",
                    "incubationTime": time / 24,
                    "replicates": {"value": len(samples), "type": "laboratory"},
                },
                "initConditions": {
                    "carbonMean": _mean(start, "Ctot"),
                    "carbonUnits": "percent",
                },
                "cueInfo": cue_info(
                    "carbon_label",
                    evidence="derived",
                    definition="label in biomass/(label in biomass + label in CO2)",
                    substrate="glucose",
                    substrateAmount=_mean(start, "CH2O") * CARBON_MASS,
                    substrateAtomPercent=3.0,
                    conversions={"kEC": 0.45, "kECSampleSpecific": False},
                    growth={
                        "mean": growth,
                        "sd": _spread(samples, "MBC_CH2O"),
                        "n": len(samples),
                        "unit": "umol C g-1",
                    },
                    respiration={
                        "mean": respiration,
                        "sd": _spread(samples, "CO2_CH2O"),
                        "n": len(samples),
                        "unit": "umol C g-1",
                    },
                    cue={"mean": cue, "n": len(samples)},
                    pair={
                        "id": f"{self.name}:{site}:{time:g}",
                        "role": "control" if aeration == "A" else "treatment",
                        "treatment": oxygen,
                    }
                    if time in (24, 48)
                    else {},
                ),
            }
        )
        apart = [f"{name} {value:g}" for name, value in published.items() if abs(value - cue) > 0.02]
        if apart:
            record = record.flagged(
                "published_differs",
                "note",
                f"published as {' and '.join(apart)}; biomass and CO2 of the same file give {cue:.3f}",
            )
        return record


def _published(rows: list[dict[str, Any]]) -> dict[tuple, dict[str, float]]:
    """CUE and CUEa of the authors by soil, treatment and time."""
    short = {name: code for code, name in SITES.items()}
    values: dict[tuple, dict[str, float]] = {}
    for row in rows:
        if row["Value"] is not None:
            key = (short[row["Site"]], "A" if row["Aeration"] == "Oxic" else "N", row["Time (h)"])
            values.setdefault(key, {})[row["Measurement"]] = float(row["Value"])
    return values


def _mean(rows: list[dict[str, Any]], name: str) -> float:
    """Mean of what is there."""
    return statistics.fmean(row[name] for row in rows if row[name] is not None)


def _spread(samples: list[dict[str, Any]], name: str) -> float:
    """Standard deviation over the samples, which share one pair of isotope values."""
    return statistics.stdev(row[name] for row in samples)


READERS.register(CapekAnaerobic.name, CapekAnaerobic())
