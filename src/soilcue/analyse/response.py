"""How soil carbon responds when CUE varies: across models, schemes, space and time.

Schemes are compared at matched mean: each is moved up or down as a whole until the mean intrinsic CUE over the cells is
the one of the model with constant CUE, so that its shape and not its level is what differs.

Two questions that are easily taken for one are kept apart. *Along space*, soil carbon and CUE may go together because
temperature, texture and litter act on both. *In a cell*, a change of CUE alone changes carbon: the elasticity. The
correlation over cells is the sum of both, exactly:

    cov(CUE, ln C) = cov(CUE, ln C at constant CUE) + cov(CUE, ln C - ln C at constant CUE)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.optimize
import xarray as xr

import soilcue
from soilcue.core.block_store import finished, keep_finished
from soilcue.core.derived import DERIVED
from soilcue.core.errors import InputError, NotDefinedError, unknown_name
from soilcue.core.provenance import checksum
from soilcue.core.variables import DRIVERS, find_driver
from soilcue.diagnosis import cue
from soilcue.schemes import SCHEMES, chosen_schemes
from soilcue.soil_model import LONG_TERM_MEANS, SoilModel, mean_of_year, model

KEPT = ("cue", "soil_carbon", "soil_carbon_elasticity", "entombing", "priming", "status")
"""What the answer for one model and scheme holds of every cell."""

FEELS_ALL = ("temperature-linear", "moisture-potential", "drying-rewetting", "nitrogen-threshold")
"""Schemes that together feel every treatment; a model is given those that it takes."""

STEPS_A_DAY = 4
"""Steps in the first year of an experiment: memories of a day are to be seen."""

_ROUNDS, _MATCHED = 10, 1e-6
"""Most rounds in which the level of a CUE that follows pools is matched, and the last change of it."""

TREATMENTS = {
    "warming": ("temperature", lambda values, size: values + size, 3.0, "degrees warmer"),
    "wetting": ("moisture", lambda values, size: values * (1 + size), 0.2, "of its moisture more"),
    "drying": ("moisture", lambda values, size: values * (1 - size), 0.2, "of its moisture less"),
    "doubled-litter": ("carbon_input", lambda values, size: values * (1 + size), 1.0, "of the litter more"),
    "nitrogen": (
        "mineral_nitrogen",
        lambda values, size: values + size,
        0.02,
        "g mineral N per g carbon taken up more",
    ),
}
"""Experiments: the driver that is changed, how, by how much if not told otherwise, and what the number means."""


def level_of(varied: SoilModel, drivers: xr.Dataset, mean: float, weights: xr.DataArray | None = None) -> float:
    """The shift of the scheme `level` that gives a model's intrinsic CUE a mean.

    Parameters
    ----------
    varied : SoilModel
    drivers : xr.Dataset
        Annual means are taken.
    mean : float
        Mean over slots and cells that is asked for, in (0, 1).
    weights : xr.DataArray, optional
        Of the cells; all alike by default.

    Returns
    -------
    float
        Natural logarithm of the factor on growth : respiration.

    Raises
    ------
    InputError
        Where no cell has a CUE within (0, 1), or no shift within the bounds of `level` reaches the mean.
    """
    found = varied.intrinsic_cue(drivers, season="annual-mean")
    weight = (xr.ones_like(found) if weights is None else weights.broadcast_like(found)).transpose(*found.dims)
    values, heavy = found.values.ravel(), weight.values.ravel()
    used = np.isfinite(values) & (values > 0) & (values < 1) & (heavy > 0)
    if not used.any():
        raise InputError(f"{varied!r} has an intrinsic CUE within (0, 1) in no cell.")
    odds, heavy = np.log(values[used]) - np.log1p(-values[used]), heavy[used] / heavy[used].sum()

    def excess(shift: float) -> float:
        return float(heavy @ (1 / (1 + np.exp(-odds - shift)))) - mean

    bound = float(SCHEMES["level"].declared[0].high)
    if excess(-bound) > 0 or excess(bound) < 0:
        raise InputError(f"{varied!r}: no shift within {bound:g} gives its CUE the mean {mean:g}.")
    return float(scipy.optimize.brentq(excess, -bound, bound, xtol=1e-12))


def response_of(
    name: str,
    scheme: Any,
    drivers: xr.Dataset,
    *,
    parameters: str | None = None,
    weights: xr.DataArray | None = None,
) -> xr.Dataset:
    """Soil carbon of a model under a scheme, at the mean CUE that the model has with constant CUE.

    Parameters
    ----------
    name : str
        The model.
    scheme : str, Scheme, mapping or callable
        As `soilcue.model` takes it.
    drivers : xr.Dataset
        Annual means are taken.
    parameters : str, optional
        The model's parameter set.
    weights : xr.DataArray, optional
        Of the cells in the mean CUE; all alike by default.

    Returns
    -------
    xr.Dataset
        Per cell ``cue`` (emergent: diagnosed under the rule uptake), ``soil_carbon``, its elasticity with the parts
        ``entombing`` and ``priming``, ``status``, and ``beyond_evidence`` where a scheme's evidence has a range; as
        attributes ``level`` (the shift that matches the mean CUE) and
        ``mean_intrinsic_cue``.

    Raises
    ------
    InputError
        For a scheme that the model does not take, or drivers that are missing.
    """
    reference = model(name, parameters, "constant").intrinsic_cue(drivers, season="annual-mean")
    weight = (xr.ones_like(reference) if weights is None else weights.broadcast_like(reference)).where(
        np.isfinite(reference)
    )
    mean = float((reference * weight).sum() / weight.sum())
    shift = 0.0
    for _ in range(_ROUNDS):
        chosen = model(name, parameters, [scheme, {"level": {"shift": shift}}])
        more = level_of(chosen, drivers, mean, weights)
        shift += more
        if not chosen.network.fed() or abs(more) < _MATCHED:  # else CUE follows pools that follow CUE
            break
    chosen = model(name, parameters, [scheme, {"level": {"shift": shift}}])
    state = chosen.steady_state(drivers, season="annual-mean", eigenvalues=False)
    slopes = chosen.elasticity(drivers)
    result = xr.Dataset(attrs=state.attrs | {"level": shift, "mean_intrinsic_cue": mean})
    result["cue"] = cue(state)["diagnosed_cue"].sel(rule="uptake", drop=True)
    result["soil_carbon"], result["status"] = state["soil_carbon"], state["status"]
    for part in ("soil_carbon_elasticity", "entombing", "priming"):
        result[part] = slopes[part]
    # by how much each pool moves the carbon of all, as a mean over cells: what a map of the total cannot say
    carbon = [pool.name for pool in chosen.network.pools if pool.currency == "carbon"]
    parts = xr.concat([state[pool] for pool in carbon], dim="pool") / state["soil_carbon"]
    parts = parts * slopes["pool_elasticity"].sel(pool=carbon).drop_vars("pool")
    dims = [dim for dim in parts.dims if dim != "pool"]
    means = parts.mean(dims) if weights is None else parts.weighted(weights).mean(dims)
    found = result[list(KEPT)]
    if "beyond_evidence" in state:
        found["beyond_evidence"] = state["beyond_evidence"]
    found.attrs["pool_parts"] = "; ".join(
        f"{pool} {value:.4f}" for pool, value in zip(carbon, means.values, strict=True)
    )
    return found


def feedable_schemes(drivers: xr.Dataset) -> list[str]:
    """Names of the schemes for which a Dataset holds, or implies, all drivers: the constant and the knob left out.

    So are schemes with memory: at rest under annual means they give what other schemes give, or constant CUE.
    """
    known = [name for name in SCHEMES if isinstance(SCHEMES[name].needs, tuple) and SCHEMES[name].needs]
    return [name for name in known if not SCHEMES[name].remembers and _fed_by(drivers, name)]


def _fed_by(drivers: xr.Dataset, scheme: str) -> bool:
    """Whether a Dataset holds or implies all drivers of a scheme."""
    implied = {of for of in (*LONG_TERM_MEANS, *DERIVED) if _implied(drivers, of)}
    return all(find_driver(drivers, need) or need in implied for need in SCHEMES[scheme].needs)


def _implied(drivers: xr.Dataset, name: str) -> bool:
    """Whether a driver that is absent follows from others."""
    needs = (LONG_TERM_MEANS[name][0],) if name in LONG_TERM_MEANS else DERIVED[name].needs
    return all(find_driver(drivers, need) for need in needs)


def correlation_parts(
    carbon: xr.DataArray, constant: xr.DataArray, efficiency: xr.DataArray, weights: xr.DataArray | None = None
) -> dict[str, float]:
    """What the correlation of soil carbon with CUE over cells is made of.

    Parameters
    ----------
    carbon : xr.DataArray
        Soil carbon with CUE varying.
    constant : xr.DataArray
        Soil carbon of the same model with constant CUE of the same mean.
    efficiency : xr.DataArray
        CUE of the first.
    weights : xr.DataArray, optional
        Of the cells; all alike by default.

    Returns
    -------
    dict of str to float
        ``correlation`` of CUE and ln carbon over the cells where all are known; ``causal``, the part of it that
        variation of CUE makes, and ``covarying``, the part that is there at constant CUE; the two add up.
        ``cells``: how many. NaN where CUE does not vary.
    """
    given = carbon.notnull() & constant.notnull() & efficiency.notnull() & (carbon > 0) & (constant > 0)
    weight = (
        xr.ones_like(carbon) if weights is None else weights.broadcast_like(carbon).transpose(*carbon.dims)
    ).values
    used = given.values & (weight > 0)
    heavy = weight[used] / weight[used].sum() if used.any() else weight[used]
    x = efficiency.transpose(*carbon.dims).values[used]
    log, log_constant = np.log(carbon.values[used]), np.log(constant.transpose(*carbon.dims).values[used])

    def covariance(one, other):
        return float(heavy @ ((one - heavy @ one) * (other - heavy @ other)))

    cells = int(used.sum())
    spread = np.sqrt(covariance(x, x) * covariance(log, log)) if cells > 1 else 0.0
    if not spread > 1e-12:
        return {"correlation": np.nan, "causal": np.nan, "covarying": np.nan, "cells": cells}
    covarying, causal = covariance(x, log_constant) / spread, covariance(x, log - log_constant) / spread
    return {"correlation": covarying + causal, "causal": causal, "covarying": covarying, "cells": cells}


def response_table(
    drivers: xr.Dataset,
    models: Sequence[str],
    schemes: Sequence[Any],
    folder: str | os.PathLike[str],
    *,
    weights: xr.DataArray | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[pd.DataFrame, dict[tuple[str, str], xr.Dataset]]:
    """Every model under every scheme: one file a pair, so that a run that is stopped goes on where it was.

    Parameters
    ----------
    drivers : xr.Dataset
    models : sequence of str
        ``name`` or ``name:set``.
    schemes : sequence
        As `soilcue.model` takes them.
    folder : path
        Where the files of pairs are kept. A file is taken up again if it was made from the same drivers and numbers by
        the same version; what a Python function gives is reckoned anew.
    weights : xr.DataArray, optional
        Of the cells, for means and correlations.
    progress : callable, optional
        Told the model, how many schemes were finished since it was last told, and how many there are.

    Returns
    -------
    table : pd.DataFrame
        A row a pair: what soil carbon, its elasticity and its correlation with CUE are; for a pair that is refused,
        ``refused`` says why.
    states : dict
        `response_of` by model and label of the scheme; the scheme ``constant`` is always there.

    Raises
    ------
    InputError
        For unknown names, and for files that cannot be written.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    labels = {_label(scheme): scheme for scheme in ("constant", *schemes)}
    rows: list[dict[str, Any]] = []
    states: dict[tuple[str, str], xr.Dataset] = {}
    for text in models:
        name, _, parameters = text.partition(":")
        plain = model(name, parameters or None)  # an unknown name is a mistake, not a refusal
        if progress:
            progress(text, 0, len(labels))
        for label, scheme in labels.items():
            file = Path(folder) / f"{_file_name(f'{text} {label}')}.nc"
            row: dict[str, Any] = {"model": text, "scheme": label, "refused": ""}
            job = _job(plain.network, chosen_schemes(scheme), drivers, weights)
            found = finished(file, job)
            if found is None:
                try:
                    found = response_of(name, scheme, drivers, parameters=parameters or None, weights=weights)
                except InputError as error:
                    rows.append(row | {"refused": str(error)})
                else:
                    keep_finished(found, file, job)
            if found is not None:
                states[text, label] = found
                rows.append(row | _summary(found, states[text, "constant"], weights))
            if progress:
                progress(text, 1, len(labels))
    return pd.DataFrame(rows), states


def _summary(found: xr.Dataset, constant: xr.Dataset, weights: xr.DataArray | None) -> dict[str, Any]:
    """One row of the table: means over the cells that are settled with and without the scheme, carbon by its log."""
    both = found["soil_carbon"].notnull() & constant["soil_carbon"].notnull()
    weight = (xr.ones_like(found["soil_carbon"]) if weights is None else weights).where(both)

    def mean(values):
        return float((values * weight).sum() / weight.where(values.notnull()).sum())

    # the mean of logarithms: a few cells near extinction can hold more carbon than all others
    carbon, before = (float(np.exp(mean(np.log(one["soil_carbon"])))) for one in (found, constant))
    return {
        "settled": int((found["status"] == 0).sum()),
        "extinct": int((found["status"] == 3).sum()),
        "other_flags": int(((found["status"] == 2) | (found["status"] > 3)).sum()),
        "beyond_evidence": int((found["beyond_evidence"] > 0).sum()) if "beyond_evidence" in found else 0,
        "mean_intrinsic_cue": found.attrs["mean_intrinsic_cue"],
        "level": found.attrs["level"],
        "mean_cue": mean(found["cue"]),
        "typical_soil_carbon": carbon,
        "change_percent": 100 * (carbon / before - 1),
        "elasticity": mean(found["soil_carbon_elasticity"]),
        "entombing": mean(found["entombing"]),
        "priming": mean(found["priming"]),
        "area_that_gains_percent": 100 * mean((found["soil_carbon_elasticity"] > 0).where(both)),
        **correlation_parts(found["soil_carbon"], constant["soil_carbon"], found["cue"], weights),
    }


def _label(scheme: Any) -> str:
    return " | ".join(one.label for one in chosen_schemes(scheme))


def _file_name(text: str) -> str:
    """A name that any file system takes."""
    return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in text)


def _job(*parts: Any) -> str:
    """Checksum of what an answer depends on; no two alike where a scheme is code that cannot be known again."""
    try:
        return checksum(soilcue.__version__, *parts)
    except InputError:
        return os.urandom(8).hex()


def experiment(
    chosen: SoilModel, drivers: xr.Dataset, treatment: str, size: float | None = None, years: int = 100
) -> xr.Dataset:
    """A treatment that lasts, on a soil at rest, with CUE held as it was and with CUE free to respond.

    Parameters
    ----------
    chosen : SoilModel
        With the scheme whose response is asked for.
    drivers : xr.Dataset
        Constant or with a repeated year, before the treatment. All soil is at rest under them at the start.
    treatment : str
        One of `TREATMENTS`.
    size : float, optional
        How much; each treatment has a usual size.
    years : int

    Returns
    -------
    xr.Dataset
        First dimensions ``cue_held`` ("held", "free") and ``time`` (years since the treatment; under constant drivers
        the first year is kept day by day): ``soil_carbon``, ``microbial_carbon`` where the model has it, ``cue``
        (diagnosed, rule uptake); and ``final_soil_carbon``, the new state of rest.

    Raises
    ------
    InputError
        For an unknown treatment, drivers that lack what is changed, a scheme that does not feel added nitrogen, or
        water potential that is given and so would not follow moisture.
    """
    if treatment not in TREATMENTS:
        raise unknown_name("treatment", treatment, TREATMENTS)
    driver, change, usual, _ = TREATMENTS[treatment]
    amount = usual if size is None else size
    felt = {name for scheme in chosen.network.schemes for name in (*scheme.needs, *scheme.wishes)}
    if driver == "mineral_nitrogen":
        if driver not in chosen.network.scheme_wishes():
            raise InputError(
                f"{chosen!r} does not feel added nitrogen: its schemes take no mineral nitrogen. The schemes "
                "'nitrogen-threshold' and 'litter-stoichiometry' do, in a model without nitrogen of its own."
            )
        if driver not in drivers:
            nothing = xr.zeros_like(drivers["carbon_input"]).assign_attrs(units="1")
            drivers = drivers.assign({driver: nothing})
    if driver not in drivers:
        raise InputError(f"the drivers lack {driver!r}, which {treatment} changes.")
    if driver == "moisture" and "water_potential" in felt and find_driver(drivers, "water_potential"):
        raise InputError(
            f"{treatment} changes moisture, and {chosen!r} feels water potential, which the drivers give: it would "
            "stay as it was. Drop 'water_potential', so that it follows from moisture and texture."
        )
    treated = drivers.assign({driver: change(drivers[driver], amount).assign_attrs(drivers[driver].attrs)})
    if treatment == "wetting" and "porosity" in treated:
        treated[driver] = treated[driver].clip(max=0.98 * treated["porosity"]).assign_attrs(drivers[driver].attrs)
    start = chosen.steady_state(drivers, eigenvalues=False)
    runs = []
    for held in (drivers, None):
        kept = _through_time(chosen, treated, start, years, held)
        rest = chosen.steady_state(treated, eigenvalues=False, cue_from=held)
        kept["final_soil_carbon"] = rest["soil_carbon"]
        runs.append(kept)
    result = xr.concat(runs, dim="cue_held").assign_coords(cue_held=["held", "free"])
    result["initial_soil_carbon"] = start["soil_carbon"]
    result["initial_cue"] = cue(start)["diagnosed_cue"].sel(rule="uptake", drop=True)
    result.attrs |= {"treatment": treatment, "size": amount, "driver": driver}
    return result


def _through_time(
    chosen: SoilModel, treated: xr.Dataset, start: xr.Dataset, years: int, held: xr.Dataset | None
) -> xr.Dataset:
    """What is kept of a run under a treatment: the first year by days where drivers are constant, then by years."""

    def kept_of(run: xr.Dataset) -> xr.Dataset:
        kept = run[[name for name in ("soil_carbon", "microbial_carbon") if name in run]]
        kept["cue"] = cue(run)["diagnosed_cue"].sel(rule="uptake", drop=True)
        return kept

    if any(dim in treated.dims for dim in ("month", "day")):
        return kept_of(chosen.simulate(treated, start=start, years=years, cue_from=held))
    by_day = treated.assign(carbon_input=treated["carbon_input"].expand_dims(day=365))
    how: dict[str, Any] = {"cue_from": held, "method": "patankar"}
    first = chosen.simulate(by_day, start=start, years=1, output="period", steps=STEPS_A_DAY, **how)
    parts = [kept_of(first)]
    if years > 1:
        then = kept_of(chosen.simulate(treated, start=first.isel(time=-1), years=years - 1, **how))
        parts.append(then.assign_coords(time=then["time"] + 1))
    return xr.concat(parts, dim="time")


def experiments(
    drivers: xr.Dataset,
    models: Sequence[str],
    folder: str | os.PathLike[str],
    *,
    weights: xr.DataArray | None = None,
    cells: int = 24,
    years: int = 100,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[dict[tuple[str, str], xr.Dataset], dict[tuple[str, str], str]]:
    """Every treatment in every model, in some cells of a grid: one file each, so that a run that is stopped goes on.

    Parameters
    ----------
    drivers : xr.Dataset
        Annual means are taken. Water potential is left to follow from moisture and texture.
    models : sequence of str
        ``name`` or ``name:set``.
    folder : path
        Where the files are kept, as of `response_table`.
    weights : xr.DataArray, optional
        The chance of a cell to be among those that are shown; none where it is zero.
    cells : int
        How many.
    years : int
        As `experiment`.
    seed : int
        The same seed takes the same cells.
    progress : callable, optional
        Told the model, how many treatments were finished since it was last told, and how many there are.

    Returns
    -------
    runs : dict
        `experiment` by model and treatment, with a last dimension ``cell``; the schemes of `FEELS_ALL` that the model
        takes are said in its attributes.
    refused : dict
        For the other pairs of model and treatment, why there is none.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    sites = _some_cells(drivers, weights, cells, seed)
    runs: dict[tuple[str, str], xr.Dataset] = {}
    refused: dict[tuple[str, str], str] = {}
    for text in models:
        name, _, parameters = text.partition(":")
        chosen = model(name, parameters or None, [one for one in FEELS_ALL if _taken(one, name, sites)] or "constant")
        if progress:
            progress(text, 0, len(TREATMENTS))
        job = _job(chosen.network, sites, years)
        for treatment in TREATMENTS:
            file = Path(folder) / f"{_file_name(f'{text} {treatment}')}.nc"
            found = finished(file, job)
            if found is None:
                try:
                    found = experiment(chosen, sites, treatment, years=years)
                except InputError as error:
                    refused[text, treatment] = str(error)
                else:
                    keep_finished(found, file, job)
            if found is not None:
                runs[text, treatment] = found
            if progress:
                progress(text, 1, len(TREATMENTS))
    return runs, refused


def _taken(scheme: str, name: str, drivers: xr.Dataset) -> bool:
    """Whether a model takes a scheme, and it can be fed from drivers alone."""
    if not _fed_by(drivers, scheme):
        return False
    try:
        return not model(name, cue=scheme).network.fed()
    except InputError:
        return False


def _some_cells(drivers: xr.Dataset, weights: xr.DataArray | None, count: int, seed: int) -> xr.Dataset:
    """Annual means of cells at random that have every driver, along a dimension ``cell``."""
    given = str(find_driver(drivers, "water_potential") or "")
    means = drivers.drop_vars([given] if given else [])
    means = means.assign({str(k): mean_of_year(v).assign_attrs(v.attrs) for k, v in means.data_vars.items()})
    means = means.drop_dims([dim for dim in ("month", "day") if dim in means.dims])
    dims = means["carbon_input"].dims
    heavy = xr.ones_like(means["carbon_input"]) if weights is None else weights.broadcast_like(means["carbon_input"])
    felt = [name for name in DRIVERS if (found := find_driver(means, name)) and means[str(found)].dims]
    known = xr.concat([means[str(find_driver(means, name))].notnull() for name in felt], dim="driver").all("driver")
    flat = means.stack(cell=dims).reset_index("cell").reset_coords(drop=True) if len(dims) != 1 else means
    flat = flat.rename({dims[0]: "cell"}) if len(dims) == 1 else flat
    chance = np.where(known & (means["carbon_input"] > 0), heavy.fillna(0.0), 0.0).ravel()
    if not chance.any():
        raise InputError("no cell of the drivers has a value of all of them and a carbon input above zero.")
    random = np.random.default_rng(seed)
    few = random.choice(len(chance), min(count, int((chance > 0).sum())), replace=False, p=chance / chance.sum())
    return flat.isel(cell=np.sort(few))


def half_time(run: xr.Dataset, name: str = "soil_carbon") -> xr.DataArray:
    """Years until a quantity of an experiment has come half of its way to the value at the end of the run.

    Parameters
    ----------
    run : xr.Dataset
        From `experiment`.
    name : str
        ``soil_carbon`` or ``cue``, whose values before the treatment the experiment holds.

    Returns
    -------
    xr.DataArray
        The first record at or beyond half of the way: a day at the least where the experiment holds the first year by
        days, else a year. NaN where nothing changes.
    """
    before = f"initial_{name}"
    if before not in run:
        raise NotDefinedError(f"the experiment does not hold {before!r}; half times are for soil_carbon and cue.")
    way = (run[name] - run[before]) / (run[name].isel(time=-1) - run[before])
    changed = np.abs(run[name].isel(time=-1) / run[before] - 1) > 1e-9
    return run["time"].where(way >= 0.5).min("time").where(changed)
