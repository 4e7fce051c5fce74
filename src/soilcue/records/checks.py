"""What cannot be, what may be wrong and what has to be known about records: flags, never deletions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from soilcue.records.schema import Flag, Record, flat

LEAST_TOLERANCE = 1e-6
"""An identity is not called broken by less than this: factors behind published tables have six digits."""

LEAST_DOSE = 1e-3
"""Of the microbial carbon: a dose below it is more likely in another unit than a dose."""

NEVER_NEGATIVE = ("carbon_label", "water_label", "growth_tracer", "stoichiometry")
"""Families whose growth is a gross one."""

_STOCK_OVER_FLUX = re.compile(r"MBC/\(?(MBC\+.*CO2|.*CO2.*\+MBC)")


def checked(record: Record) -> Record:
    """The record with a flag for each thing that is wrong with it or has to be known.

    Flags it already has stay; the same flag is not set twice.
    """
    present = {flag.code for flag in record.flags}
    new = tuple(flag for flag in findings(record) if flag.code not in present)
    return record.model_copy(update={"flags": (*record.flags, *new)}) if new else record


def findings(record: Record) -> Iterator[Flag]:
    """What one record alone shows."""
    info = record.cueInfo
    yield from _impossible_values(record)
    broken = broken_identity(record)
    if broken is not None:
        yield Flag(code="identity", severity="doubtful", reason=broken)
    definition = (info.definition or "").replace(" ", "")
    if _STOCK_OVER_FLUX.search(definition):
        yield Flag(
            code="invalid_definition",
            severity="impossible",
            reason=f"CUE as {info.definition} divides a stock of biomass by a stock and a flux; it is no efficiency",
        )
    for name in ("growth", "respiration", "uptake", "cue"):
        value = getattr(info, name)
        if value.sd is not None and value.se is not None and value.n is not None:
            expected = value.se * value.n**0.5
            if abs(value.sd - expected) > 0.02 * max(value.sd, expected):
                yield Flag(
                    code="spread",
                    severity="doubtful",
                    reason=f"of {name}, the standard deviation {value.sd:g} is not the standard error {value.se:g} "
                    f"times the root of n = {value.n}",
                )
    texture = [getattr(record.initConditions, f"percent{name}") for name in ("Clay", "Sand", "Silt")]
    if None not in texture and not 95 <= sum(texture) <= 105:
        yield Flag(code="texture", severity="doubtful", reason=f"clay, sand and silt add up to {sum(texture):g} %")
    depth = record.incubationInfo.depthInfo
    if depth.top is not None and depth.bottom is not None and depth.bottom <= depth.top:
        yield Flag(
            code="depth",
            severity="doubtful",
            reason=f"the lower limit {depth.bottom:g} cm is not below the upper limit {depth.top:g} cm",
        )
    if info.substrateToBiomass is not None and 0 < info.substrateToBiomass < LEAST_DOSE:
        yield Flag(
            code="dose",
            severity="doubtful",
            reason=f"the substrate is {info.substrateToBiomass:.2g} of the microbial carbon: a tracer dose, or another "
            "unit than the table says",
        )
    if info.cue.mean is not None and info.method is None and info.evidence != "modelled":
        yield Flag(code="no_method", severity="note", reason="the source does not tell which method it was")


def _impossible_values(record: Record) -> Iterator[Flag]:
    info = record.cueInfo
    cue = info.cue.mean
    if cue is not None and cue > 1:
        yield Flag(
            code="above_one",
            severity="impossible",
            reason=f"CUE {cue:g}: no more than all carbon can become biomass (a percentage is divided by 100)",
        )
    if cue is not None and cue < 0 and info.methodFamily in NEVER_NEGATIVE:
        yield Flag(
            code="negative",
            severity="impossible",
            reason=f"CUE {cue:g}: the growth this method measures cannot be negative",
        )
    for name in ("respiration", "uptake", "growth"):
        value = getattr(info, name).mean
        gross = name != "growth" or info.growthDefinition == "gross" or info.methodFamily in NEVER_NEGATIVE
        if value is not None and value < 0 and gross:
            yield Flag(code=f"negative_{name}", severity="impossible", reason=f"{name} is {value:g}")


def broken_identity(record: Record) -> str | None:
    """In words, how CUE differs from what growth, respiration and uptake make of it; None where it does not.

    CUE = G/(G+R), = G/U or = 1 - R/U, whichever is there, within what the digits of the values allow.
    """
    info = record.cueInfo
    given = info.cue.mean
    if given is None:
        return None
    growth, respiration, uptake = info.growth.mean, info.respiration.mean, info.uptake.mean
    if growth is not None and respiration is not None:
        total = growth + respiration
        if total == 0:
            return f"growth and respiration are both zero, and CUE is {given:g}"
        words, computed = "G/(G+R)", growth / total
        slack = (respiration * _half_digit(growth) + growth * _half_digit(respiration)) / total / total
    elif growth is not None and uptake:
        words, computed = "G/U", growth / uptake
        slack = (_half_digit(growth) + abs(computed) * _half_digit(uptake)) / uptake
    elif respiration is not None and uptake:
        words, computed = "1-R/U", 1 - respiration / uptake
        slack = (_half_digit(respiration) + abs(1 - computed) * _half_digit(uptake)) / uptake
    else:
        return None
    slack = abs(slack) + _half_digit(given)
    if abs(computed - given) <= max(LEAST_TOLERANCE, slack):
        return None
    return f"CUE is {given:.6g} and {words} is {computed:.6g}"


def _half_digit(value: float) -> float:
    """Half a unit of the last digit a number is written with; a whole number is taken as known to its first decimal."""
    mantissa, _, exponent = repr(float(value)).partition("e")
    decimals = mantissa.partition(".")[2]
    return 0.5 * 10.0 ** (int(exponent or 0) - len(decimals))


def with_repeats(records: Iterable[Record], fields: tuple[str, ...] = ()) -> list[Record]:
    """Records, of which each that repeats an earlier one of its table is flagged.

    Parameters
    ----------
    records : iterable of Record
        In the order of their table.
    fields : tuple of str
        Dotted paths in which they must agree; all but the name where none is given.

    Returns
    -------
    list of Record
        In the same order, none left out.
    """
    first: dict[str, str] = {}
    result = []
    for record in records:
        values = {name: value for name, value in flat(record).items() if name not in ("id", "flags")}
        key = repr([values.get(name) for name in fields] if fields else values)
        if "cueInfo.cue.mean" in values and key in first:
            record = record.flagged(
                "repeat", "doubtful", f"the same as {first[key]}: a replicate or a duplicate, which cannot be told"
            )
        first.setdefault(key, record.id)
        result.append(record)
    return result


def study_key(study: str | None) -> str:
    """A study as its first author and year, so that tables that write it differently agree.

    ``"Kallenbach et al. 2015"`` and ``"Kallenbach et al 2015"`` are one; so are Šantrůčková and Santruckova.
    """
    plain = unicodedata.normalize("NFKD", study or "").encode("ascii", "ignore").decode().casefold()
    year = re.search(r"\b(1[89]|20)\d\d\b", plain)
    authors = plain[: year.start()] if year else plain
    first = re.split(r"\bet al\b|\band\b|,|&", authors)[0]
    words = [word for word in re.findall(r"[a-z]+", first) if len(word) > 2 or word in ("li", "xu", "he", "yu", "wu")]
    if not year or not words:
        return " ".join(plain.split())
    return f"{' '.join(words)} {year[0]}"


def with_shared_studies(tables: Iterable[list[Record]]) -> list[list[Record]]:
    """Tables of records, those of a study that stands in several tables flagged with the other table's name."""
    tables = list(tables)
    where: dict[str, set[str]] = {}
    for table in tables:
        for record in table:
            if record.study and record.cueInfo.cue.mean is not None:
                where.setdefault(study_key(record.study), set()).add(record.dataset or "")
    result = []
    for table in tables:
        marked = []
        for record in table:
            others = where.get(study_key(record.study), set()) - {record.dataset or ""} if record.study else set()
            if others and record.cueInfo.cue.mean is not None:
                record = record.flagged(
                    "shared_study", "note", f"the study is also in {', '.join(sorted(others))}: count it once"
                )
            marked.append(record)
        result.append(marked)
    return result
