"""Records of a sheet of raw data: what `soilcue measure` computes, with all that stands behind it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from soilcue.core.errors import InputError
from soilcue.measure.methods import METHODS
from soilcue.measure.sample_table import SampleTable
from soilcue.measure.samples import samples_of_sheets
from soilcue.measure.sheets import read_sheets
from soilcue.measure.study_sheet import method_named_in
from soilcue.records.checks import checked
from soilcue.records.constants import COLUMN_OF, NO_DELTAS
from soilcue.records.methods import cue_info
from soilcue.records.reader import LeftOut, Reading
from soilcue.records.schema import LAND_COVERS, Record, nested

FIELD_OF = {
    "study": "study",
    "author": "entryAuthor",
    "latitude": "siteInfo.coordinates.latitude",
    "longitude": "siteInfo.coordinates.longitude",
    "land_cover": "siteInfo.landCover",
    "soil_type": "siteInfo.soilTaxonomy.soilOrder",
    "depth_top": "incubationInfo.depthInfo.top",
    "depth_bottom": "incubationInfo.depthInfo.bottom",
    "sampling_date": "siteInfo.samplingDate",
    "organic_carbon": "initConditions.carbonMean",
    "total_nitrogen": "initConditions.nitrogenMean",
    "ph": "initConditions.pH",
    "clay": "initConditions.percentClay",
    "preincubation": "incubationInfo.preincubationTime",
    "incubation_temperature": "incubationInfo.temperature",
    "sieving": "incubationInfo.samplePreparation.sieving",
    "substrate": "cueInfo.substrate",
    "substrate_amount": "cueInfo.substrateAmount",
    "dna_extraction_kit": "cueInfo.conversions.dnaExtraction",
}
"""Fields of a record for what the study sheet says of the study."""

UNIT_BESIDE = {"organic_carbon": "initConditions.carbonUnits", "total_nitrogen": "initConditions.nitrogenUnits"}
TEXT = ("study", "author", "land_cover", "soil_type", "sampling_date", "sieving", "substrate", "dna_extraction_kit")
HOURS_PER_DAY = 24


def records_of_sheet(
    path: str | os.PathLike[str],
    method: str | None = None,
    sheet: str | None = None,
    settings: Mapping[str, Any] | None = None,
    keep_going: bool = False,
) -> Reading:
    """Records of the samples of a sheet of raw data, raw values included, so that they can be recomputed.

    Parameters
    ----------
    path : path
        A sheet that `soilcue measure` reads.
    method : str, optional
        How it was measured, where the study sheet does not say.
    sheet : str, optional
        Sheet of the samples.
    settings : mapping, optional
        Values and choices for the whole study.
    keep_going : bool
        Leave out rows with problems, and list them.

    Returns
    -------
    Reading
        A record a sample; rows that could not be computed among `left_out`.

    Raises
    ------
    InputError
        When the sheet cannot be computed, or does not say how it was measured.
    """
    sheets = read_sheets(path)
    name = method or method_named_in(sheets)
    if name is None:
        raise InputError(f"{path}: it does not say how it was measured. Name one of: {', '.join(METHODS)}.")
    table = samples_of_sheets(METHODS[name], sheets, sheet, settings, keep_going)
    return Reading(
        Path(path).stem,
        records_of_samples(table),
        [LeftOut(problem.place, str(problem)) for problem in table.problems],
    )


def records_of_samples(table: SampleTable) -> list[Record]:
    """Records of samples that were read and checked."""
    from soilcue.measure.measurement import measurement  # brings pandas, which nothing else of this room needs

    found = measurement(table).samples
    values = table.in_atom_percent(table.samples.values)
    about = _about(table)
    source = Path(table.source).stem
    records = []
    for k, sample in enumerate(table.sample):
        row = found.iloc[k]
        raw = {
            column.name: _of_sample(values, column.name, k) for column in table.method.columns if column.name in values
        }
        told = {name: raw[column] for name, column in COLUMN_OF.items() if _one_number(raw.get(column))}
        used = {column.name for column in table.method.columns if column.used_with(table.samples.choices)}
        conversions: dict[str, Any] = {name: value for name, value in told.items() if COLUMN_OF[name] in used}
        form = table.samples.choices.get("enrichment_form")
        conversions["waterExcess"] = None if form is None else form == "excess"
        conversions["waterAtomPercent"] = _number(row.get("atom_percent_water"))
        per_sample = table.samples.choices.get("dna_conversion")
        conversions["fDNASampleSpecific"] = None if per_sample is None else per_sample == "sample"
        if per_sample == "sample":
            conversions["fDNA"] = _number(row.get("carbon_per_dna"))
        if table.deltas:
            conversions["isotopeStandard"] = _of_sample(values, "isotope_standard", k)
        units = {quantity.name: quantity.unit for quantity in table.method.quantities}
        info = cue_info(
            table.method.name,
            evidence="measured",
            definition=table.method.equation,
            choices=dict(table.samples.choices) or None,
            raw=raw,
            deltas=" ".join(sorted(table.deltas)) or NO_DELTAS,
            cue={"mean": float(row["cue"]), "sd": _number(row["cue_sd"])},
            pair={"treatment": table.treatment[k] or None},
            **{
                name: {"mean": _number(row[name]), "unit": table.units.get(name, units[name])}
                for name in ("growth", "respiration", "uptake")
                if name in row and name in units
            },
        )
        record = Record.model_validate(
            {
                "id": f"{source}:{sample}",
                "dataset": source,
                **nested({p: v for p, v in about.items() if "cueInfo" not in p}),
            }
        )
        more = nested({path.removeprefix("cueInfo."): value for path, value in about.items() if "cueInfo" in path})
        conversions |= more.pop("conversions", {})
        info = info.model_copy(update={"conversions": info.conversions.model_validate(conversions), **more})
        hours = raw.get("time")
        if isinstance(hours, float) and any(c.name == "time" and c.unit == "h" for c in table.method.columns):
            length = record.incubationInfo.model_copy(update={"incubationTime": hours / HOURS_PER_DAY})
            record = record.model_copy(update={"incubationInfo": length})
        records.append(checked(record.model_copy(update={"cueInfo": info})))
    return records


def _about(table: SampleTable) -> dict[str, Any]:
    """What the study sheet says, by field of a record; what has none is a note."""
    values: dict[str, Any] = {}
    notes = []
    for name, text in table.metadata.items():
        path = FIELD_OF.get(name)
        if path is None or not text:
            notes += [f"{name.replace('_', ' ')}: {text}"] if text else []
            continue
        if name in TEXT:
            values[path] = text
        else:
            try:
                values[path] = float(text)
            except ValueError:
                notes.append(f"{name.replace('_', ' ')}: {text}")
                continue
            if name in UNIT_BESIDE:
                values[UNIT_BESIDE[name]] = "g kg-1"
    cover = values.get("siteInfo.landCover")
    if cover is not None and cover not in LAND_COVERS:
        values["siteInfo.vegNote"] = values.pop("siteInfo.landCover")
    if notes:
        values["entryNote"] = "; ".join(notes)
    return values


def _of_sample(values: Mapping[str, Any], name: str, k: int) -> float | list[float]:
    """Value of one sample: one for the study, one a sample, or one a row of the sample."""
    array = np.asarray(values[name], dtype=float)
    if array.ndim == 0:
        return float(array)
    if array.ndim == 1:
        return float(array[k] if array.size > 1 else array[0])
    row = array[k]
    if "present" in values:
        row = row[np.asarray(values["present"])[k] > 0]
    return [float(value) for value in row]


def _one_number(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
