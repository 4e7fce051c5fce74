"""SIDb, the soil incubation database: respiration of soils. It holds no CUE; its keys are those of a record."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from soilcue.records.reader import LeftOut, Reader, csv_rows, given
from soilcue.records.readers import READERS
from soilcue.records.schema import LAND_COVERS, MOISTURE_UNITS, Record

LAND_COVER = {
    "grassland": "rangeland/grassland",
    "grassland/rangeland": "rangeland/grassland",
    "boreal forest": "forest",
    "northern hardwoods": "forest",
    "cove hardwoods": "forest",
}
"""Land covers that are not the template's words."""

PER_TIME = re.compile(r"/(d|h|day)$")
CUMULATED = (
    "mass CO2 carbon per soil mass [µg/g] (CO2-C efflux/soil)",
    "mgC/gSoil",
    "mgC / g soil",
    "mgCO2/gSoil",
    "mgCo2/gSoil",
    "microgCO2/gSoil",
    "mgC/gC",
    "mgCCO2/gC",
)
"""Units of CO2 summed since the start."""

MG_PER_GRAM = {"mgC/gSoil/d": 1.0, "microgC/gSoil/d": 1e-3}
"""Rates whose sum can be held against the carbon of the soil."""


class Sidb(Reader):
    """34 studies; a record is one column of CO2, without a CUE."""

    name = "sidb"
    folder = "sidb"
    files = ("studies_list.csv",)
    traps = (
        "No CUE and no growth: only the respiration that a CUE would need.",
        "Units differ between studies and are kept as they are.",
        "Land covers and sites are spelt in several ways.",
        "Rates of Bradford2010 are far above what the soil holds: their unit is wrong in the file.",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """A record for each column of CO2 of each study."""
        for place in sorted(folder.glob("*/metadata.yaml")):
            yield from self._study(place.parent, yaml.safe_load(place.read_text(encoding="utf-8")))

    def _study(self, folder: Path, meta: dict[str, Any]) -> Iterator[Record | LeftOut]:
        series = csv_rows(folder / "timeSeries.csv")
        start = {str(row["site"]): row for row in csv_rows(folder / "initConditions.csv")}
        variables = [one for one in meta["variables"].values() if one["name"] != "time"]
        spreads = {
            str(one.get("primaryVariableName") or one.get("primaryVariable")): one
            for one in variables
            if one.get("statistic") in ("SD", "SE")
        }
        for number, one in enumerate(variables):
            name, unit = str(one["name"]).strip(), str(one["units"])
            where = f"{folder.name}/timeSeries.csv, column {name}"
            if one.get("statistic") in ("SD", "SE"):
                continue
            if str(one.get("gasMeasured") or "CO2") != "CO2" or not (PER_TIME.search(unit) or unit in CUMULATED):
                yield LeftOut(where, f"no respiration: {one.get('gasMeasured') or 'CO2'} in {unit}")
                continue
            points = [
                (row["time"], row[name]) for row in series if _is_number(row.get(name)) and _is_number(row["time"])
            ]
            if not points:
                yield LeftOut(where, "no values")
                continue
            spread = spreads.get(name) or (variables[number + 1] if number + 1 < len(variables) else None)
            yield self._record(folder.name, meta, one, unit, points, start, _spread_of(spread, series, unit))

    def _record(
        self,
        study: str,
        meta: dict[str, Any],
        one: dict[str, Any],
        unit: str,
        points: list[tuple[float, float]],
        start: dict[str, dict[str, Any]],
        spread: dict[str, float],
    ) -> Record:
        site, incubation = meta["siteInfo"], meta["incubationInfo"]
        names = site["site"] if isinstance(site["site"], list) else [site["site"]]
        name = str(one.get("site") or (names[0] if len(names) == 1 else ""))
        at = [str(other) for other in names].index(name) if name in map(str, names) else None

        def of_site(value: Any) -> Any:
            """The entry of this site where a key lists one a site."""
            if isinstance(value, list):
                value = value[at] if at is not None and at < len(value) else None
            return None if value in ("NA", "") else value

        cover = str(one.get("landCover") or of_site(site["landCover"]) or "").strip().casefold()
        soil = start.get(name, {})
        depth, moisture = incubation["depthInfo"], incubation["moisture"]
        rate = bool(PER_TIME.search(unit))
        times, values = map(np.array, zip(*sorted(points), strict=True))
        taxonomy = site["soilTaxonomy"]
        prepared = incubation["samplePreparation"]
        units = of_site(moisture["units"])
        record = Record.model_validate(
            {
                "id": f"{self.name}:{study}:{one['name']}",
                "dataset": self.name,
                "citationKey": meta["citationKey"],
                "doi": _text(meta["doi"]),
                "entryAuthor": _text(meta["entryAuthor"]),
                "entryCreationDate": _text(meta["entryCreationDate"]),
                "contactName": _text(meta["contactName"]),
                "entryNote": f"respiration is the {'mean' if rate else 'last'} of {len(points)} samplings",
                "study": study,
                "siteInfo": {
                    "site": name or None,
                    "coordinates": {
                        "latitude": _number(of_site(site["coordinates"]["latitude"])),
                        "longitude": _number(of_site(site["coordinates"]["longitude"])),
                    },
                    "country": _text(of_site(site["country"])),
                    "MAT": _number(of_site(site["MAT"])),
                    "MAP": _number(of_site(site["MAP"])),
                    "elevation": _number(one.get("elevation") or of_site(site["elevation"])),
                    "landCover": cover if cover in LAND_COVERS else LAND_COVER.get(cover),
                    "vegNote": _text(of_site(site["vegNote"])),
                    "soilTaxonomy": {
                        "soilOrder": _text(of_site(taxonomy["soilOrder"])),
                        "classificationSystem": _text(of_site(taxonomy["classificationSystem"])),
                    },
                },
                "incubationInfo": {
                    "incDesc": _text(of_site(incubation["incDesc"])),
                    "depthInfo": {
                        "top": _number(one.get("top", of_site(depth["top"]))),
                        "bottom": _number(one.get("bottom", of_site(depth["bottom"]))),
                        "midDepth": _number(one.get("midDepth", of_site(depth["midDepth"]))),
                        "horizon": _text(one.get("horizon") or of_site(depth.get("horizon"))),
                    },
                    "temperature": _number(one.get("temperature", of_site(incubation["temperature"]))),
                    "moisture": {
                        "value": _number(one.get("moisture", of_site(moisture["value"]))),
                        "units": units if units in MOISTURE_UNITS else None,
                    },
                    "gasMeasured": "CO2",
                    "replicates": {"value": _whole(of_site(incubation["replicates"]["value"]))},
                    "incubationTime": float(times.max()),
                    "samplePreparation": {"sieving": _text(of_site(prepared["sieving"]))},
                },
                "initConditions": {
                    "carbonMean": _number(soil.get("carbonMean")),
                    "carbonUnits": _text(soil.get("carbonUnits")),
                    "nitrogenMean": _number(soil.get("nitrogenMean")),
                    "nitrogenUnits": _text(soil.get("nitrogenUnits")),
                    "pH": _number(soil.get("pH")),
                    "percentClay": _number(soil.get("percentClay")),
                    "percentSand": _number(soil.get("percentSand")),
                    "percentSilt": _number(soil.get("percentSilt")),
                },
                "cueInfo": {
                    "evidence": "measured",
                    "respiration": {"mean": float(values.mean() if rate else values[-1]), "unit": unit, **spread},
                },
            }
        )
        held = record.initConditions.carbonMean
        if unit in MG_PER_GRAM and held is not None and record.initConditions.carbonUnits == "percent":
            respired = float(np.trapezoid(values, times)) * MG_PER_GRAM[unit]
            if respired > 10 * held:
                record = record.flagged(
                    "more_than_there_was",
                    "impossible",
                    f"{respired:,.0f} mg carbon respired per g of a soil that holds {10 * held:g}: the unit is wrong",
                )
        return record


def _spread_of(spread: dict[str, Any] | None, series: list[dict[str, Any]], unit: str) -> dict[str, float]:
    """Standard deviation or error at the last sampling, where the study gives one beside a cumulated value."""
    if spread is None or spread.get("statistic") not in ("SD", "SE") or PER_TIME.search(unit):
        return {}
    values = [row.get(str(spread["name"]).strip()) for row in series]
    numbers = [float(value) for value in values if value is not None and _is_number(value)]
    return {str(spread["statistic"]).lower(): numbers[-1]} if numbers else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and given(value) is not None


def _number(value: Any) -> float | None:
    """A number, where it is one."""
    return float(value) if _is_number(value) else None


def _whole(value: Any) -> int | None:
    return int(value) if _is_number(value) and value >= 1 else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


READERS.register(Sidb.name, Sidb())
