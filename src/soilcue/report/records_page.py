"""The page of a collection of records: what is there, how it was measured, what is wrong with it, what is missing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from soilcue import __version__
from soilcue.core.references import bibliography
from soilcue.records import READERS, SCHEMA_VERSION, Constants, Record, flag_table, recompute, study_means
from soilcue.records.constants import ENTERS, IMPOSSIBLE, OUTSIDE, RECOMPUTED, SAME
from soilcue.records.groups import KINDS, means_of_studies, shared_methods
from soilcue.records.reader import Reading
from soilcue.records.schema import flat
from soilcue.report import records_figures as figures
from soilcue.report.page import Cell, Table, write_page

COMMON = Constants(kEC=0.45, oxygenFromWater=1.0, waterExcess=True, isotopeStandard=0.0111802)
"""What the page brings records to, so that shifts are seen; any other can be asked for."""

WORDS = {
    "kEC": "kEC",
    "fDNA": "carbon per DNA",
    "oxygenFromWater": "oxygen of DNA from water",
    "waterExcess": "enrichment of water",
    "isotopeStandard": "13C/12C of the standard",
}

LEAST_STUDIES = 4
"""Below this, an interval over studies says nothing, and none is shown."""

TOLD: dict[str, tuple[str, Callable[[Record], bool]]] = {
    "cueInfo.method": ("method", lambda r: True),
    "cueInfo.conversions.kEC": ("kEC", lambda r: r.cueInfo.methodFamily in ENTERS["kEC"] and r.cueInfo.level != "P"),
    "cueInfo.conversions.fDNA": ("carbon per DNA", lambda r: r.cueInfo.methodFamily in ENTERS["fDNA"]),
    "cueInfo.conversions.oxygenFromWater": (
        "oxygen of DNA from water",
        lambda r: r.cueInfo.methodFamily in ENTERS["oxygenFromWater"],
    ),
    "cueInfo.conversions.waterAtomPercent": (
        "18O of the water",
        lambda r: r.cueInfo.methodFamily in ENTERS["waterExcess"],
    ),
    "cueInfo.conversions.isotopeStandard": (
        "isotope standard",
        lambda r: r.cueInfo.methodFamily in ENTERS["isotopeStandard"],
    ),
    "cueInfo.substrateAmount": ("amount of substrate", lambda r: r.cueInfo.methodFamily == "carbon_label"),
    "incubationInfo.incubationTime": ("incubation time", lambda r: True),
    "incubationInfo.temperature": ("temperature", lambda r: True),
    "incubationInfo.moisture.value": ("moisture", lambda r: True),
    "siteInfo.coordinates.latitude": ("coordinates", lambda r: True),
    "siteInfo.landCover": ("land cover", lambda r: True),
    "incubationInfo.depthInfo.bottom": ("depth", lambda r: True),
    "initConditions.carbonMean": ("soil carbon, measured", lambda r: True),
    "initConditions.pH": ("pH", lambda r: True),
    "initConditions.percentClay": ("clay", lambda r: True),
    "cueInfo.cue.n": ("number of replicates", lambda r: True),
    "cueInfo.cue.sd": ("standard deviation of CUE", lambda r: True),
}
"""Fields the page counts, what to call them, and the records they concern."""


def records_page(readings: Sequence[Reading], path: str | os.PathLike[str], title: str = "Records of CUE") -> Path:
    """Write the page of a collection of records: one HTML file that needs no network.

    Parameters
    ----------
    readings : sequence of Reading
        `soilcue.records.at_hand`, one's own, or both.
    path : path
        The HTML file to write.
    title : str
        Heading of the page.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    records = [record for reading in readings for record in reading.records]
    measured = figures.usable(records)
    table = recompute(records, COMMON)
    conditions = [
        figure
        for figure in (
            figures.soil_carbon_figure(records),
            figures.duration_figure(records),
            figures.temperature_figure(records),
        )
        if figure is not None
    ]
    land_cover = figures.land_cover_figure(records)
    shifts = figures.shift_figure(table, "common constants")
    drawn = [
        figures.method_figure(records),
        *([land_cover] if land_cover else []),
        figures.mimics_figure(),
        *conditions,
        *([shifts] if shifts else []),
    ]
    return write_page(
        "records.html.j2",
        path,
        drawn,
        {
            "title": title,
            "lead": f"{len(records):,} records of {len(readings)} tables, {len(measured):,} of them with a usable CUE, "
            f"from {len(means_of_studies(measured))} studies.",
            "sets_table": _sets_table(readings),
            "findings": findings(records),
            "means_table": _means_table(records),
            "has_land_cover": land_cover is not None,
            "condition_figures": [figure.name for figure in conditions],
            "told_words": "Share of records, and of studies, that tell each detail; of the constants, among the "
            "records whose method has it. What is not told is missing: no usual value is put in its place.",
            "told_table": _told_table(measured),
            "constants_words": f"Each record brought to {_in_words(COMMON)}, where it tells what it was computed with.",
            "constants_table": _constants_table(table),
            "has_shifts": shifts is not None,
            "constants_notes": _constants_notes(table),
            "flags_table": _flags_table(records),
            "left_out": [line for reading in readings for line in _left_out(reading)],
            "references": bibliography(reference_keys(readings)),
            "version": __version__,
            "schema_version": SCHEMA_VERSION,
        },
    )


def reference_keys(readings: Sequence[Reading]) -> list[str]:
    """Keys of what a collection of records stands on."""
    known = set(READERS)
    sets = [key for one in readings if one.dataset in known for key in READERS[one.dataset].about.cite]
    return ["he2024", *sets, "wieder2015", "schadel2020"]


def findings(records: Sequence[Record]) -> list[str]:
    """What a collection of records shows, in sentences."""
    usable = figures.usable(records)
    sentences = []
    means = study_means(usable)
    counted = means[means["studies"] >= LEAST_STUDIES].sort_values("studies", ascending=False)
    for family, row in counted.iterrows():
        words = figures.GROUPS.get(str(family), str(family))
        sentences.append(
            f"{words}: {row['mean']:.2f} ({row['lower']:.2f} to {row['upper']:.2f}) over {int(row['studies'])} "
            f"studies; {row['mean_of_rows']:.2f} if rows were counted instead."
        )
    several, studies = shared_methods(usable)
    sentences.append(
        f"{several} of {studies} studies have CUE by more than one kind of method: method and study are confounded, "
        "and no difference between methods can be read off these records."
    )
    untold = sum(record.cueInfo.method is None and record.cueInfo.evidence != "modelled" for record in usable)
    sentences.append(f"{untold:,} of {len(usable):,} records do not tell which method it was, only which kind.")
    impossible = sum(record.impossible for record in records)
    doubtful = sum(any(flag.severity == "doubtful" for flag in record.flags) for record in records)
    sentences.append(f"{impossible:,} records cannot be, {doubtful:,} may be wrong in part: see the flags.")
    return sentences


def summary_lines(readings: Sequence[Reading]) -> list[str]:
    """A collection in a few lines of text, for a terminal."""
    records = [record for reading in readings for record in reading.records]
    lines = [
        f"{one.dataset}: {len(one.records):,} records, {len(figures.usable(one.records)):,} with a usable CUE"
        for one in readings
    ]
    return [*lines, "", *findings(records)]


def _sets_table(readings: Sequence[Reading]) -> Table:
    known = set(READERS)
    rows = []
    for reading in readings:
        about = READERS[reading.dataset].about if reading.dataset in known else None
        usable = figures.usable(reading.records)
        families = Counter(record.cueInfo.methodFamily for record in usable)
        flags = Counter(flag.severity for record in reading.records for flag in record.flags)
        rows.append(
            (
                reading.dataset,
                [
                    Cell(
                        about.title if about else "records of your own",
                        detail=f"licence: {about.licence}" if about else "",
                        prose=True,
                    ),
                    Cell(f"{len(reading.records):,}"),
                    Cell(f"{len(usable):,}"),
                    Cell(f"{len(means_of_studies(usable))}"),
                    Cell(", ".join(figures.GROUPS[name] for name in families if name) or "–", prose=True),
                    Cell(f"{flags['impossible']:,}"),
                    Cell(f"{flags['doubtful']:,}"),
                ],
            )
        )
    header = [
        [
            ("", 1),
            ("what it holds", 1),
            ("records", 1),
            ("with CUE", 1),
            ("studies", 1),
            ("methods", 1),
            ("impossible", 1),
            ("doubtful", 1),
        ]
    ]
    return Table("Tables at hand", header, rows)


def _means_table(records: Sequence[Record]) -> Table:
    means = study_means(figures.usable(records))
    order = [family for family in figures.GROUPS if family in means.index]
    rows = []
    swatches = {}
    for family in order:
        row = means.loc[family]
        name = figures.GROUPS[family]
        swatches[name] = figures.COLOUR[family]
        several, enough = row["studies"] > 1, row["studies"] >= LEAST_STUDIES
        rows.append(
            (
                name,
                [
                    Cell(f"{row['mean']:.3f}"),
                    Cell(f"{row['lower']:.2f} to {row['upper']:.2f}") if enough else Cell("too few studies", note=True),
                    Cell(f"{row['sd']:.3f}") if several else Cell("–", note=True),
                    Cell(f"{int(row['studies'])}"),
                    Cell(f"{int(row['records']):,}"),
                    Cell(f"{row['mean_of_rows']:.3f}"),
                    Cell(KINDS.get(family, "")),
                ],
            )
        )
    header = [
        [
            ("", 1),
            ("mean of studies", 1),
            ("95 % interval", 1),
            ("sd between studies", 1),
            ("studies", 1),
            ("records", 1),
            ("mean of rows", 1),
            ("", 1),
        ]
    ]
    return Table("CUE by kind of method, every study counting once", header, rows, swatches)


def _told_table(usable: Sequence[Record]) -> Table:
    measured = [record for record in usable if record.cueInfo.evidence != "modelled"]
    rows = []
    told = [(record, flat(record)) for record in measured]
    for path, (words, concerns) in TOLD.items():
        those = [(record, values) for record, values in told if concerns(record)]
        if not those:
            continue
        having = [record for record, values in those if path in values]
        share = len(having) / len(those)
        studies = len(means_of_studies(having)), len(means_of_studies([record for record, _ in those]))
        rows.append(
            (
                words,
                [
                    Cell(f"{100 * share:.0f} %", shade=share),
                    Cell(f"{len(having):,} of {len(those):,}"),
                    Cell(f"{studies[0]} of {studies[1]}"),
                    Cell(path, prose=True),
                ],
            )
        )
    header = [[("", 1), ("records", 1), ("count", 1), ("studies", 1), ("field", 1)]]
    return Table("What the records tell", header, rows)


def _in_words(constants: Constants) -> str:
    forms = {True: "its excess over natural water", False: "its atom percent"}
    return ", ".join(
        f"{WORDS[name]} {forms[value] if isinstance(value, bool) else f'{value:g}'}"
        for name, value in constants.named().items()
    )


def _constants_table(table: pd.DataFrame) -> Table:
    rows = []
    for name in COMMON.named():
        status = table[name].value_counts()
        rows.append((WORDS[name], [Cell(f"{status.get(one, 0):,}") for one in (RECOMPUTED, SAME, OUTSIDE, IMPOSSIBLE)]))
    header = [[("", 1), (RECOMPUTED, 1), (SAME, 1), (OUTSIDE, 1), (IMPOSSIBLE, 1)]]
    return Table("Records by constant", header, rows)


def _constants_notes(table: pd.DataFrame) -> list[str]:
    notes = []
    for dataset, rows in table.groupby("dataset"):
        moved = rows[rows["shift"] != 0]
        if len(moved):
            notes.append(
                f"{dataset}: {len(moved)} records moved, by {moved['shift'].min():+.3f} to {moved['shift'].max():+.3f} "
                f"(mean {moved['shift'].mean():+.3f})."
            )
    reasons = Counter(reason for text in table["reason"] if text for reason in text.split("; "))
    notes += [f"{count:,} records: {reason}." for reason, count in reasons.most_common(8)]
    return notes or ["No constant enters any of these records."]


def _flags_table(records: Sequence[Record]) -> Table | None:
    flags = flag_table(list(records))
    if flags.empty:
        return None
    rows: list[tuple[str, list[Cell]]] = []
    for severity in ("impossible", "doubtful", "note"):
        some = flags[flags["severity"] == severity]
        if some.empty:
            continue
        rows.append((severity, []))
        for code, group in sorted(some.groupby("code"), key=lambda pair: -len(pair[1])):
            rows.append(
                (
                    str(code),
                    [
                        Cell(f"{len(group):,}"),
                        Cell(", ".join(sorted(set(group["dataset"].dropna()))), prose=True),
                        Cell(group["reason"].iloc[0], detail=f"{group['id'].iloc[0]}", prose=True),
                    ],
                )
            )
    return Table("Flags", [[("", 1), ("records", 1), ("tables", 1), ("the first of them", 1)]], rows)


def _left_out(reading: Reading) -> list[str]:
    """Why rows of a table made no record: a line a reason, with the first place and how many more there are."""
    places: dict[str, list[str]] = {}
    for one in reading.left_out:
        places.setdefault(one.reason, []).append(one.place)
    return [
        f"{reading.dataset}: {reason} ({several[0]}{f', and {len(several) - 1} more' if len(several) > 1 else ''})"
        for reason, several in places.items()
    ]
