"""Records brought to common constants, with the shift each constant makes; where that cannot be, why.

All operators are plain arithmetic on growth, so they can be differentiated and can stand in a likelihood. CUE is
G/(G+R): when another constant multiplies growth by f, CUE becomes f CUE/(f CUE + 1 - CUE).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from soilcue.core.errors import InputError
from soilcue.measure.isotopes import atom_percent, delta
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.oxygen_label import NATURAL_WATER
from soilcue.records.schema import Conversions, Record, what_is_wrong

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

RECOMPUTED, SAME, OUTSIDE, IMPOSSIBLE = "recomputed", "already so", "does not enter", "not possible"

ENTERS = {
    "kEC": ("carbon_label", "batch_growth"),
    "fDNA": ("water_label",),
    "oxygenFromWater": ("water_label",),
    "waterExcess": ("water_label",),
    "isotopeStandard": ("carbon_label",),
}
"""Families that a constant enters."""

COLUMN_OF = {"kEC": "kec", "fDNA": "fdna", "oxygenFromWater": "oxygen_from_water"}
"""Constants as columns of a method."""


NO_DELTAS = "all atom percent"
"""What `cueInfo.deltas` says where all raw values were atom percent."""


@dataclass(frozen=True)
class Constants:
    """The constants that records are brought to; None leaves a constant as each record has it."""

    kEC: float | None = None
    fDNA: float | None = None
    oxygenFromWater: float | None = None
    waterExcess: bool | None = None
    isotopeStandard: float | None = None

    def __post_init__(self) -> None:
        try:
            Conversions.model_validate(vars(self))
        except ValidationError as error:
            wrong = what_is_wrong(error)[0]
            raise InputError(
                f"the constant {wrong.path} is {wrong.found}, and {wrong.allowed} is allowed. Give another value."
            ) from None

    def named(self) -> dict[str, Any]:
        """Those that are asked for."""
        return {name: value for name, value in vars(self).items() if value is not None}


def rescaled_cue(cue: Any, factor: Any) -> Any:
    """CUE when growth is multiplied by a factor and respiration is not: f CUE/(f CUE + 1 - CUE).

    Parameters
    ----------
    cue, factor : float or array
        NumPy's or JAX's.
    """
    return factor * cue / (factor * cue + 1 - cue)


def cue_with_kec(cue: Any, kec: Any, other: Any) -> Any:
    """CUE of labelled biomass by fumigation with another kEC: growth goes with 1/kEC."""
    return rescaled_cue(cue, kec / other)


def cue_with_fdna(cue: Any, fdna: Any, other: Any) -> Any:
    """CUE by 18O with another amount of carbon per DNA: growth goes with it."""
    return rescaled_cue(cue, other / fdna)


def cue_with_oxygen_from_water(cue: Any, share: Any, other: Any) -> Any:
    """CUE by 18O with another share of DNA's oxygen from water: growth goes with 1/share."""
    return rescaled_cue(cue, share / other)


def cue_by_excess(cue: Any, water: Any, natural: Any = NATURAL_WATER) -> Any:
    """CUE by 18O when DNA is divided by the excess of the water rather than by its atom percent.

    Parameters
    ----------
    cue : float or array
        With the atom percent of the water as divisor, the form of Spohn et al. (2016).
    water, natural : float or array
        Atom percent 18O of the soil water, and of natural water.
    """
    return rescaled_cue(cue, water / (water - natural))


def cue_by_atom_percent(cue: Any, water: Any, natural: Any = NATURAL_WATER) -> Any:
    """The way back from `cue_by_excess`."""
    return rescaled_cue(cue, (water - natural) / water)


@dataclass(frozen=True)
class Step:
    """What one constant did to one record."""

    status: str
    cue: float | None
    """CUE after it; None where it could not be brought there."""
    reason: str = ""


def step(record: Record, name: str, value: Any, cue: float) -> Step:
    """Bring one constant of a record to a value.

    Parameters
    ----------
    record : Record
    name : str
        A field of `Constants`.
    value : float or bool
        What to bring it to.
    cue : float
        CUE so far, with the constants before this one brought already.

    Returns
    -------
    Step
    """
    info = record.cueInfo
    # a culture is not fumigated
    fumigated = name != "kEC" or info.level != "P"
    if info.methodFamily not in ENTERS[name] or not fumigated or not enters_method(info.method, name):
        return Step(OUTSIDE, cue)
    now = info.conversions
    if name == "isotopeStandard":
        return Step(IMPOSSIBLE, None, "another isotope standard needs the raw atom percents or delta values")
    had = getattr(now, name)
    if name == "waterExcess":
        if had is None:
            return Step(IMPOSSIBLE, None, "whether DNA was divided by the excess of the water is not told")
        if had == value:
            return Step(SAME, cue)
        if now.waterAtomPercent is None:
            return Step(IMPOSSIBLE, None, "the 18O of the soil water is not told")
        operator = cue_by_excess if value else cue_by_atom_percent
        return Step(RECOMPUTED, float(operator(cue, now.waterAtomPercent)))
    if had is None:
        return Step(IMPOSSIBLE, None, f"{name} is not told")
    if had == value:
        return Step(SAME, cue)
    operators = {"kEC": cue_with_kec, "fDNA": cue_with_fdna, "oxygenFromWater": cue_with_oxygen_from_water}
    return Step(RECOMPUTED, float(operators[name](cue, had, value)))


def enters_method(method: str | None, name: str) -> bool:
    """Whether a constant enters this very method; any method of the family where it is not told.

    The biomass of a batch comes with its kEC in it, so the method has no column of it.
    """
    if method in (None, "batch_growth") or name not in COLUMN_OF or method not in list(METHODS):
        return True
    return COLUMN_OF[name] in {column.name for column in METHODS[method].columns}


def raw_cue(record: Record, constants: Constants) -> float:
    """CUE of a record from its raw values, by the estimator of its method, with other constants.

    Raises
    ------
    InputError
        When the raw values are missing or too few, or do not give the CUE of the record.
    """
    import numpy as np

    info = record.cueInfo
    if not info.raw or info.method is None:
        raise InputError(f"{record.id}: there are no raw values, or the method is not told.")
    method, now = METHODS[info.method], info.conversions
    values = {name: np.array(value, dtype=float) for name, value in info.raw.items()}
    wanted = constants.named()

    def computed(values: dict[str, np.ndarray], conversions: dict[str, Any]) -> float:
        known = {COLUMN_OF[name]: np.array(value) for name, value in conversions.items() if name in COLUMN_OF}
        columns = {column.name for column in method.columns}
        choices = dict(info.choices or {})
        if conversions.get("waterExcess") is not None:
            choices["enrichment_form"] = "excess" if conversions["waterExcess"] else "paper"
        if conversions.get("fDNA") is not None and (wanted.get("fDNA") or "dna_conversion" not in choices):
            choices["dna_conversion"] = "constant"
        offered = {choice.name for choice in method.choices}
        try:
            found = method.estimate(
                {**values, **{name: value for name, value in known.items() if name in columns}},
                **{name: value for name, value in choices.items() if name in offered},
            )
        except KeyError as error:
            raise InputError(f"{record.id}: of the raw values {error.args[0]} is missing.") from error
        return float(np.asarray(found["cue"]))

    had = {name: value for name, value in now.model_dump().items() if name in ENTERS and value is not None}
    if now.fDNASampleSpecific:
        had.pop("fDNA", None)  # the sample's own, computed from its raw values
    again = computed(values, had)
    if info.cue.mean is not None and abs(again - info.cue.mean) > 1e-3:
        raise InputError(
            f"{record.id}: its raw values give a CUE of {again:.4g}, and it says {info.cue.mean:.4g}: another "
            "constant or convention was used than the record tells."
        )
    if "isotopeStandard" in wanted:
        if now.isotopeStandard is None:
            raise InputError(f"{record.id}: the standard behind its delta values is not told.")
        if info.deltas is None:
            raise InputError(f"{record.id}: which of its raw values were delta values is not told.")
        for name in info.deltas.split() if info.deltas != NO_DELTAS else ():
            permil = delta(values[name], now.isotopeStandard)
            values[name] = atom_percent(permil, wanted["isotopeStandard"])
    return computed(values, {**had, **wanted})


def recompute(records: Iterable[Record], constants: Constants) -> pd.DataFrame:
    """Records with CUE, brought to common constants.

    Raw values are used where a record has them; else its CUE is rescaled, one constant after the other, where it tells
    the constant it was computed with.

    Parameters
    ----------
    records : iterable of Record
    constants : Constants
        What to bring them to.

    Returns
    -------
    pandas.DataFrame
        Index ``id``: ``dataset``, ``study``, ``cue`` as recorded; for every constant asked for, a column of its name
        with the status (recomputed, already so, does not enter, not possible); ``cue_common`` with all that could be
        brought, ``shift`` from ``cue``; ``complete``, whether every constant that enters could; ``reason`` where not.

    Raises
    ------
    InputError
        When no constant is asked for.
    """
    import pandas as pd

    wanted = constants.named()
    if not wanted:
        raise InputError(
            f"no constant to bring the records to: give one or more of {', '.join(vars(Constants()))}, for example "
            "Constants(kEC=0.45), or --kec 0.45 on the command line."
        )
    rows = []
    for record in records:
        if record.cueInfo.cue.mean is None:
            continue
        row: dict[str, Any] = {"id": record.id, "dataset": record.dataset, "study": record.study}
        row["cue"] = cue = record.cueInfo.cue.mean
        steps = {}
        for name, value in wanted.items():
            done = step(record, name, value, cue)
            steps[name] = done
            cue = cue if done.cue is None else done.cue
        reasons = [done.reason for done in steps.values() if done.reason]
        if record.cueInfo.raw and any(done.status == IMPOSSIBLE for done in steps.values()):
            try:
                cue, reasons = raw_cue(record, constants), []
                steps = {n: Step(RECOMPUTED, cue) if d.status == IMPOSSIBLE else d for n, d in steps.items()}
            except InputError as error:
                reasons.append(str(error))
        row |= {name: done.status for name, done in steps.items()}
        row |= {"cue_common": cue, "shift": cue - row["cue"]}
        row["complete"] = all(done.status != IMPOSSIBLE for done in steps.values())
        row["reason"] = "; ".join(reasons)
        rows.append(row)
    columns = ["id", "dataset", "study", "cue", *wanted, "cue_common", "shift", "complete", "reason"]
    return pd.DataFrame(rows, columns=columns).set_index("id")
