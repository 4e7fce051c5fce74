"""What each method would read of one soil, and by how much that differs from what truly happened in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from soilcue.core.budget import Budget
from soilcue.core.errors import InputError, NotDefinedError, unknown_name
from soilcue.lab.experiment import HOURS, Incubated, Jar, incubate
from soilcue.lab.scenarios import SCENARIOS, Scenario, scenario
from soilcue.measure.incubation import Incubation
from soilcue.measure.methods import METHODS

VAPOUR_RATE = 0.06
"""h-1, at which vapour brings 18O into a soil: of the worked example; it depends on texture (Canarini et al. 2020)."""

RESPONSES: dict[str, tuple[str, tuple[float, ...]]] = {
    "dose": ("substrate added, ug C per g", (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)),
    "mortality": ("turnover of microbes, per hour", (1e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 4e-3)),
    "maintenance": ("maintenance, per hour", (0.0, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3)),
    "exudation": ("share of uptake exuded", (0.0, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3)),
    "overflow": ("share of uptake respired as overflow", (0.0, 0.05, 0.1, 0.2, 0.3)),
}
"""What is varied alone to see how readings answer: the dose, and parameters of the incubation model."""


def truths(incubation: Incubation) -> dict[str, Any]:
    """What truly happened, by the definitions of He et al. (2024): CUE_C, CUE_E, and gross growth per uptake."""
    i = incubation
    budget = Budget(i.uptake, i.respiration, i.exudation, i.mortality)
    return {"cue_community": budget.cue, "cue_ecosystem": budget.cue_ecosystem, "gross_growth": i.growth / i.uptake}


def readings(incubation: Incubation, **assumed: float) -> dict[str, Any]:
    """What every registered method would read.

    Parameters
    ----------
    incubation : Incubation
    **assumed
        Factors the person who measures would use: ``kec``, ``fdna``, ``oxygen_from_water``, ``substrate_reduction``,
        ``biomass_reduction``, ``oxycaloric``; the true ones where not given.

    Returns
    -------
    dict of str to array
        By name of method; those that read none of the fluxes are left out. NaN where there is nothing to read, such as
        label that was never added.
    """
    found = {}
    for name in METHODS:
        try:
            with np.errstate(invalid="ignore", divide="ignore"):
                found[name] = METHODS[name].reading(incubation, **assumed)
        except NotDefinedError:
            continue
    return found


def compare(
    scenarios: str | Iterable[str | Scenario] | None = None,
    hours: Sequence[float] = HOURS,
    *,
    dose: float | None = None,
    parameters: Mapping[str, Any] | None = None,
    stocks: Mapping[str, float] | None = None,
    cells: Mapping[str, Any] | None = None,
    assumed: Mapping[str, float] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> pd.DataFrame:
    """What each method would read in each scenario, beside the truth.

    Parameters
    ----------
    scenarios : str, or iterable of str or Scenario, optional
        All by default (`soilcue.lab.SCENARIOS`).
    hours : sequence of float
        When the incubation ends, h.
    dose, parameters, stocks, cells, assumed : optional
        The soil at hand, where it is not the reference (`soilcue.lab.reference_jar`), and the factors used on it. What
        a scenario itself sets stays as the scenario has it.
    progress : callable, optional
        Told of the work: name, done, total.

    Returns
    -------
    pandas.DataFrame
        One row a scenario, hour and method: ``reading`` of the soil as it is incubated; ``reading_as_practised``, where
        methods that need no substrate are given none, and none that need no water; the truth of the incubated soil
        (``cue_community``, ``cue_ecosystem``, ``gross_growth``) and of the soil left alone
        (``cue_community_left_alone``); and the differences of the reading from CUE_C and CUE_E (``bias_community``,
        ``bias_ecosystem``) and of the reading as practised from the CUE_C of the soil left alone (``bias_left_alone``).

    Raises
    ------
    InputError
        For an unknown scenario, parameter or pool, or values that make no sense.
    """
    asked = SCENARIOS if scenarios is None else [scenarios] if isinstance(scenarios, str) else scenarios
    chosen = [scenario(s) if isinstance(s, str) else s for s in asked]
    if not chosen:
        raise InputError("no scenario is asked for; name at least one.")
    _check_assumed(assumed or {})
    rows: list[pd.DataFrame] = []
    for number, one in enumerate(chosen):
        if progress is not None:
            progress("incubations", number, len(chosen))
        here = one.changed(parameters, stocks, cells, assumed, dose)
        rows.append(_table(here, hours))
    if progress is not None:
        progress("incubations", len(chosen), len(chosen))
    return pd.concat(rows, ignore_index=True)


def _check_assumed(assumed: Mapping[str, float]) -> None:
    limits = {
        "kec": (0.01, 1.0),
        "fdna": (1.0, 500.0),
        "oxygen_from_water": (0.05, 1.0),
        "substrate_reduction": (0.5, 8.0),
        "biomass_reduction": (3.5, 5.2),
        "oxycaloric": (300.0, 600.0),
    }
    for name, value in assumed.items():
        if name not in limits:
            raise unknown_name("factor of a method", name, limits)
        if not limits[name][0] <= value <= limits[name][1]:
            raise InputError(f"{name} is {value}; it must be {limits[name][0]:g} to {limits[name][1]:g}.")


def read_jar(
    jar: Jar, hours: Sequence[float] = HOURS, dose: float = 20.0, assumed: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """What each method would read of one jar, that of a soil model too, beside the truth.

    Parameters
    ----------
    jar : Jar
        From `soilcue.lab.jar_of` or `reference_jar`.
    hours : sequence of float
        When the incubation ends, h.
    dose : float
        Substrate, microgram of carbon per gram of soil.
    assumed : mapping, optional
        Factors used, where they are not the true ones.

    Returns
    -------
    pandas.DataFrame
        One row a method and hour, with the columns that `compare` gives of the soil as it is incubated.

    Raises
    ------
    InputError
        For hours, a dose or factors that make no sense.
    """
    _check_assumed(assumed or {})
    run = incubate(jar, hours, dose, VAPOUR_RATE)
    return _read(run, assumed or {}).assign(
        dose=dose, integration_error=run.error, closure=max(run.carbon_gap, run.label_gap)
    )


def _read(run: Incubated, assumed: Mapping[str, float]) -> pd.DataFrame:
    """Readings of one incubation, and how far they are from the truth."""
    true = truths(run.incubation)
    whole = pd.concat(
        [
            pd.DataFrame({"method": name, "title": METHODS[name].title, "hours": run.hours, "reading": reading, **true})
            for name, reading in readings(run.incubation, **assumed).items()
        ],
        ignore_index=True,
    )
    whole["bias_community"] = whole["reading"] - whole["cue_community"]
    whole["bias_ecosystem"] = whole["reading"] - whole["cue_ecosystem"]
    return whole


def _table(here: Scenario, hours: Sequence[float]) -> pd.DataFrame:
    """All methods in one scenario."""
    together = incubate(here.jar(), hours, here.dose, VAPOUR_RATE)
    watered = incubate(here.jar(), hours, 0.0, VAPOUR_RATE)
    alone = incubate(here.jar_left_alone(), hours, 0.0, VAPOUR_RATE)
    whole, without, dry = (_read(run, here.assumed) for run in (together, watered, alone))
    needs_none = whole["method"].isin(NEEDS_NO_SUBSTRATE)
    practised = whole["reading"].where(~needs_none, without["reading"])
    whole["reading_as_practised"] = practised.where(~whole["method"].isin(NEEDS_NO_WATER), dry["reading"])
    whole["cue_community_left_alone"] = dry["cue_community"]
    whole["bias_left_alone"] = whole["reading_as_practised"] - whole["cue_community_left_alone"]
    whole["integration_error"] = max(run.error for run in (together, watered, alone))
    whole["closure"] = max(max(run.carbon_gap, run.label_gap) for run in (together, watered, alone))
    first = ["scenario", "method", "title", "hours", "dose", "reading", "reading_as_practised"]
    whole = whole.assign(scenario=here.name, dose=here.dose)
    return whole[[*first, *(name for name in whole.columns if name not in first)]]


NEEDS_NO_SUBSTRATE = ("oxygen_label", "oxygen_vapour", "oxygen_taxa", "growth_tracers")
"""Methods that are usually applied to soil without an added substrate."""
NEEDS_NO_WATER = ("oxygen_vapour",)
"""And those that leave the soil as dry as it is."""


def responses(
    names: Iterable[str] = RESPONSES,
    hours: float = 24.0,
    *,
    parameters: Mapping[str, Any] | None = None,
    stocks: Mapping[str, float] | None = None,
    cells: Mapping[str, Any] | None = None,
    assumed: Mapping[str, float] | None = None,
    dose: float = 20.0,
) -> pd.DataFrame:
    """How readings and truth answer to one thing varied alone.

    Parameters
    ----------
    names : iterable of str
        Of `RESPONSES`.
    hours : float
        When the incubation ends, h.
    parameters, stocks, cells, assumed, dose
        The soil at hand, as in `compare`.

    Returns
    -------
    pandas.DataFrame
        One row a value and method: ``varied``, ``value``, ``method``, ``reading``, ``cue_community``,
        ``cue_ecosystem``.
    """
    rows = []
    for varied in names:
        if varied not in RESPONSES:
            raise unknown_name("quantity to vary", varied, RESPONSES)
        for value in RESPONSES[varied][1]:
            own = dict(parameters or {})
            if varied != "dose":
                own[varied] = value
            here = SCENARIOS["base"].changed(own, stocks, cells, assumed)
            run = incubate(here.jar(), (hours,), value if varied == "dose" else dose, VAPOUR_RATE)
            true = {name: float(series[0]) for name, series in truths(run.incubation).items()}
            for method, reading in readings(run.incubation, **here.assumed).items():
                rows.append({"varied": varied, "value": value, "method": method, "reading": float(reading[0]), **true})
    return pd.DataFrame(rows)


def directions(hours: float = 24.0) -> pd.DataFrame:
    """Which way each method's bias against CUE_C moves: with time, turnover, exudation, overflow and maintenance.

    By differences over the incubation model at its reference: rise (1), fall (-1), or neither within 1e-6 (0).

    Returns
    -------
    pandas.DataFrame
        One row a method, one column a quantity.
    """

    def bias(parameters: Mapping[str, Any], hour: float) -> dict[str, float]:
        found = incubate(SCENARIOS["base"].changed(parameters).jar(), (hour,), 20.0, VAPOUR_RATE).incubation
        true = truths(found)["cue_community"][0]
        return {name: float(reading[0] - true) for name, reading in readings(found).items()}

    first = bias({}, hours)
    later = {"time": bias({}, 1.5 * hours)}
    for name, value in (("mortality", 7.5e-4), ("exudation", 0.075), ("overflow", 0.05), ("maintenance", 7.5e-4)):
        later[name] = bias({name: value}, hours)
    table = {
        name: {method: np.sign(np.round(value[method] - first[method], 6)) for method in first}
        for name, value in later.items()
    }
    return pd.DataFrame(table).astype(int).rename_axis("method")
