"""What results say: carbon use efficiency at every scale, and what flowed over a window of a run."""

from __future__ import annotations

import numpy as np
import xarray as xr

from soilcue.core.budget import Budget, cohort_curve, diagnosed_cue
from soilcue.core.errors import InputError, NotDefinedError, spelt, unknown_name
from soilcue.core.network import Flux, Structure
from soilcue.core.variables import OUTPUTS
from soilcue.models import MODELS


def cue(state: xr.Dataset, scale: str = "diagnosed", window: tuple[float, float] | None = None) -> xr.Dataset:
    """Carbon use efficiency of a state, or of a window of a run.

    Parameters
    ----------
    state : xr.Dataset
        From `SoilModel.steady_state`, or from `SoilModel.simulate`: then one of each record, but with a `window`.
    scale : {"diagnosed", "community", "population", "ecosystem"}
        ``diagnosed``: 1 - R/D under every rule, litter counted or not, and N = D/R, the mean number of counted passes
        of a carbon atom before it is respired. ``community``, ``population``: (U - R - EX) / U. ``ecosystem``: over a
        steady state (U - R - EX - MD) / U is zero by arithmetic, so the cohort curve is given with it: of the carbon
        taken up at one moment, the share still in biomass, and in biomass or residues, after a time; it needs
        ``steady_state(..., fluxes=True)``. Over a window of a run it is what the paper defines.
    window : tuple of two numbers, optional
        Years since the start of a run, at ends of records: CUE is a ratio of sums over all records between.

    Returns
    -------
    xr.Dataset

    Raises
    ------
    NotDefinedError
        For a scale that the model does not have (implicit microbes), or fluxes that were not kept.
    InputError
        For an unknown scale or a Dataset that is no state.
    """
    scales = ("diagnosed", "community", "population", "ecosystem")
    if scale not in scales:
        raise unknown_name("scale of CUE", scale, scales)
    if "gross_decomposition" not in state:
        raise InputError("this Dataset is not a state: it lacks 'gross_decomposition'. Use SoilModel.steady_state.")
    through_time = "record_length" in state
    if window is not None:
        state = flux_sums(state, window)
    result = xr.Dataset(
        attrs={key: state.attrs[key] for key in ("model", "parameter_set", "scheme", "window") if key in state.attrs}
    )

    def add(name, values):
        result[name] = values
        result[name].attrs = OUTPUTS[name].attributes()

    if scale == "diagnosed":
        decomposed, bare = state["gross_decomposition"], state["gross_decomposition_without_litter"]
        dims = decomposed.dims
        add("diagnosed_cue", diagnosed_cue(state["respiration"], decomposed).transpose(*dims))
        add(
            "diagnosed_cue_without_litter",
            diagnosed_cue(state["respiration_without_litter"], bare).transpose(*dims),
        )
        add("mean_passes", decomposed / state["respiration"])
        return result
    if "community_uptake" not in state:
        raise NotDefinedError(
            f"the model {state.attrs.get('model', '?')!r} holds no living pool (its microbes are implicit), so CUE at "
            f"the {scale} scale is not defined for it. Its diagnosed CUE = 1 - R/D is: cue(state)."
        )

    def budget(kind):
        return Budget(*(state[f"{kind}_{part}"] for part in ("uptake", "respiration", "exudation", "mortality")))

    if scale == "community":
        add("cue_community", budget("community").cue)
    elif scale == "population":
        add("cue_population", budget("population").cue)
    else:
        add("cue_ecosystem", budget("community").cue_ecosystem)
        for name, curve in ({} if through_time else _cohort(state)).items():
            add(name, curve)
    return result


COHORT_DAYS = np.concatenate([[0.0], np.geomspace(1.0, 36500.0, 40)])


def _cohort(state: xr.Dataset) -> dict[str, xr.DataArray]:
    """The cohort curve of every cell, from the flux table of a state."""
    if "flux_rate" not in state:
        raise NotDefinedError("the cohort curve needs every flux: use steady_state(drivers, fluxes=True).")
    state = state.isel(flux=np.flatnonzero(state["flux_process"].values != "memory"))
    structure = _structure_of(state)
    dims = state["status"].dims
    stocks = np.stack([state[pool.name].values.reshape(-1) for pool in structure.pools])
    rates = state["flux_rate"].transpose("flux", *dims).values.reshape(len(structure.fluxes), -1)
    out = np.full((2, len(COHORT_DAYS), stocks.shape[1]), np.nan)
    for cell in np.flatnonzero(np.isfinite(stocks).all(axis=0)):
        curve = cohort_curve(structure, stocks[:, cell], rates[:, cell], COHORT_DAYS)
        out[:, :, cell] = curve["biomass"], curve["biomass_or_residues"]
    shape = (len(COHORT_DAYS), *(state.sizes[d] for d in dims))
    age = xr.DataArray(COHORT_DAYS, dims="days_since_uptake", attrs={"units": "d"})
    coords = {"days_since_uptake": age, **{d: state[d] for d in dims if d in state.coords}}
    return {
        name: xr.DataArray(values.reshape(shape), dims=("days_since_uptake", *dims), coords=coords)
        for name, values in zip(("cohort_biomass", "cohort_biomass_or_residues"), out, strict=True)
    }


def _structure_of(state: xr.Dataset) -> Structure:
    """The structure of the network behind a state with a flux table."""
    network = MODELS[state.attrs["model"]]
    parts = (state[f"flux_{part}"].values for part in ("source", "target", "process", "through"))
    found = tuple(Flux(s, t, p, None, through or None) for s, t, p, through in zip(*map(list, parts), strict=True))
    return Structure(network.pools, found, network.implicit_microbes)


def flux_sums(run: xr.Dataset, window: tuple[float, float] | None = None) -> xr.Dataset:
    """What flowed and what changed over a window of a run.

    Parameters
    ----------
    run : xr.Dataset
        From `SoilModel.simulate`.
    window : tuple of two numbers, optional
        Years since the start, at ends of records (0 for the start): ``(0, 20)``. The whole run by default.

    Returns
    -------
    xr.Dataset
        Every flux as a sum (gC m-2), the stocks of pools as means over the window (gC m-2), and ``stock_change`` over
        pools (gC m-2).

    Raises
    ------
    InputError
        For a Dataset that is no run, or a window that does not begin and end with records.
    """
    records, first = _records(run, window)
    days = records["record_length"]
    sums = xr.Dataset(attrs={**run.attrs, "window": f"years {first:g} to {float(records['time'][-1]):g}"})
    for name, values in records.data_vars.items():
        if "time" not in values.dims or name in ("stock_at_end", "record_length"):
            continue
        # NaN of any record leaves no sum
        total = (values * days).sum("time", skipna=False)
        if values.attrs.get("units") == "gC m-2 d-1":
            sums[name] = total.assign_attrs(values.attrs, units="gC m-2")
        else:
            sums[name] = (total / days.sum()).assign_attrs(values.attrs)
    before = run["stock_at_start"] if first == 0 else run["stock_at_end"].sel(time=first, method="nearest")
    sums["stock_change"] = (records["stock_at_end"].isel(time=-1) - before).drop_vars("time", errors="ignore")
    sums["stock_change"].attrs = {"units": "gC m-2", "long_name": "change of the stock of each pool over the window"}
    return sums


def _records(run: xr.Dataset, window: tuple[float, float] | None) -> tuple[xr.Dataset, float]:
    """The records of a window, and the year it begins with."""
    if "record_length" not in run:
        raise InputError("this Dataset is no run through time: it lacks 'record_length'. Use SoilModel.simulate.")
    ends = run["time"].values
    first, last = (0.0, float(ends[-1])) if window is None else map(float, window)
    known = np.concatenate([[0.0], ends])
    for edge in (first, last):
        if np.abs(known - edge).min() > 1e-6:
            raise InputError(f"window: year {edge:g} is no end of a record; the records end at {spelt(known)}.")
    if last <= first:
        raise InputError(f"window: ({first:g}, {last:g}) ends before it begins.")
    return run.isel(time=np.flatnonzero((ends > first + 1e-6) & (ends < last + 1e-6))), first
