"""The face of the soil models: a model, a parameter set and a scheme; drivers in, a Dataset out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

import soilcue
from soilcue.core.budget import (
    RULES,
    balance_weights,
    budget_weights,
    diagnosis_weights,
)
from soilcue.core.coupled import coupled
from soilcue.core.derived import DERIVED
from soilcue.core.errors import InputError, spelt, unknown_name
from soilcue.core.network import Network, Pool, Structure
from soilcue.core.parameters import Parameter
from soilcue.core.references import bibliography
from soilcue.core.scheme import CUE_SLOT, refuse_misfit, slot_losses, slots_of
from soilcue.core.time_axis import read_years
from soilcue.core.units import convert
from soilcue.core.variables import DRIVERS, OUTPUTS, chosen_drivers, find_driver, place_of, read_driver
from soilcue.models import MODELS
from soilcue.schemes import chosen_schemes
from soilcue.solve.cells import (
    STATUS_MEANING,
    CellStates,
    Status,
    cells_with,
    largest_eigenvalue,
    limit_texts,
    solve_cells,
    with_cue,
)
from soilcue.solve.drawn import Drawn, as_drivers
from soilcue.solve.gradients import elasticities, gradients
from soilcue.solve.seasonal import PERIODS
from soilcue.solve.steady import flux_table
from soilcue.solve.transient import METHODS, simulate_cells

STOCK_UNITS = {"carbon": "gC m-2", "nitrogen": "gN m-2"}
"""Units of stocks of each element; a memory is no matter, and its currency is its unit."""
SEASONS = ("auto", "seasonal", "annual-mean")
DAYS_PER_YEAR = 365.0
CELLS_AT_ONCE = 32_768
"""Cells whose drivers are read together for a run."""
MOST = 1e9
"""What no stock reaches, gC m-2: hundreds of metres of coal."""
CLOSES = 1e-9
"""Largest relative gap of a run's carbon balance that is taken for rounding."""
PARTLY = "what it does not speak of is taken to change along"
"""How a scheme that speaks of one of the losses within a CUE is told among the assumptions."""
EXTRAPOLATED = "the range of its evidence: extrapolated"
"""How a result says that a scheme is used beyond its evidence."""
RUN_STATUS = {
    Status.SETTLED: "simulated",
    Status.NO_DRIVERS: "no drivers here, or no start",
    Status.INFEASIBLE: "the model's published functions leave their domain here; values end before that",
    Status.UNCONVERGED: "a step found no solution, or carbon did not close",
}
LONG_TERM_MEANS = {
    "annual_carbon_input": ("carbon_input", DAYS_PER_YEAR),
    "historic_temperature": ("temperature", 1.0),
}
"""Drivers that are the mean of another one, times a factor, where they are not given."""


def model(
    name: str,
    parameters: str | Mapping[str, Any] | None = None,
    cue: Any = None,
    options: Mapping[str, str] | None = None,
) -> SoilModel:
    """A soil model, ready to run.

    Parameters
    ----------
    name : str
        A registered model: ``"century"``, ``"mimics"``, ``"millennial"``, ... (`list_models`).
    parameters : str or mapping, optional
        A published parameter set by name; the model's first by default. A mapping changes single parameters, in the
        model's units: of the first set, or of the one it names under ``"set"``.
    cue : str, mapping, Scheme, callable, or a list of these, optional
        Scheme or schemes for intrinsic CUE, applied left to right (`list_schemes`): ``"name"``, ``"name:set"``,
        ``{"name": {parameter: value}}``, or a function ``f(cue, temperature, ...)`` of drivers. The model's own,
        published CUE by default.
    options : mapping of str to str, optional
        Structural options of the model, such as ``{"moisture": "corpse"}`` of MIMICS (`list_models` names them). What
        the parameter set implies by default.

    Returns
    -------
    SoilModel

    Raises
    ------
    InputError
        For an unknown model, set, parameter, scheme or option, naming the nearest; for a value out of bounds; for a
        scheme that the model cannot take, with the reason.

    Examples
    --------
    >>> import soilcue as sc
    >>> sc.model("mimics", parameters="wieder2015", cue="constant").parameters_name
    'wieder2015'
    """
    network = MODELS[name](parameters, chosen_schemes(cue), options)
    changed = dict(parameters) if isinstance(parameters, Mapping) else {"set": parameters}
    chosen = network.parameter_set(changed.pop("set", None)).name
    if changed:
        chosen += f", changed: {', '.join(sorted(changed))}"
    return SoilModel(network, chosen)


class SoilModel:
    """A network of fluxes with its parameters and schemes, at the border of xarray.

    Attributes
    ----------
    network : Network
        The model itself, a JAX pytree.
    solved : Network, or Coupled that stands for one
        What is solved: the model, with the memory of its schemes among its pools where they remember.
    pools : tuple of Pool
        Of what is solved.
    parameters_name : str
        The parameter set.
    """

    def __init__(self, network: Network, parameters_name: str) -> None:
        self.network = network
        self.parameters_name = parameters_name
        self.solved: Any = coupled(network)
        self.structure: Structure = self.solved.structure()
        self.structure.check()
        slots = network.slots() if network.schemes else ()
        for scheme in network.schemes:
            refuse_misfit(scheme, network.name, self.structure, slots, network.gives)
        carbon = network.carbon_unit
        if "-3" in carbon:
            self._stock = convert(1.0, carbon, "gC m-3") * network.depth
        else:
            self._stock = convert(1.0, carbon, "gC m-2")
        self._flow = self._stock * convert(1.0, f"{network.time_unit}-1", "d-1")
        self.pools = self.solved.pools
        self._memories = sum(pool.kind == "memory" for pool in self.pools)
        self._per_pool = np.array([[1.0 if pool.kind == "memory" else self._stock] for pool in self.pools])

    def __repr__(self) -> str:
        """Name, parameter set and schemes."""
        return f"<soilcue model {self.network.name!r}, parameters {self.parameters_name!r}, CUE {self.scheme_name!r}>"

    @property
    def scheme_name(self) -> str:
        """The schemes with their sets or changed parameters, left to right; ``published`` for the model's own."""
        return " | ".join(scheme.label for scheme in self.network.schemes) or "published"

    @property
    def scheme_notes(self) -> tuple[str, ...]:
        """What is assumed where a scheme and a slot of this model do not speak of the same losses of carbon."""
        expected = slot_losses(self.structure)
        name = self.network.label or self.network.name
        notes = []
        for scheme in self.network.schemes:
            left = [loss for loss in expected if loss not in scheme.includes]
            if scheme.includes and left:
                notes.append(
                    f"{name}: the CUE of its slots contains {', '.join(expected)}; the scheme {scheme.name} speaks of "
                    f"{', '.join(scheme.includes)}, and {PARTLY}"
                )
            if set(scheme.needs) & set(self.network.gives):
                notes.append(
                    f"{name}: the scheme {scheme.name} is fed with the nutrients of the "
                    "model's own pools; what they cannot match under its CUE overflows as before"
                )
        return tuple(notes)

    @property
    def references(self) -> tuple[str, ...]:
        """Keys of what to cite for this model, its parameter set and its schemes."""
        base = self.parameters_name.split(",")[0]
        keys = [*self.network.references, *self.network.parameter_set(base).source]
        for scheme in self.network.schemes:
            keys.extend(scheme.citations)
        return tuple(dict.fromkeys(keys))

    def parameters(self) -> pd.DataFrame:
        """Every parameter with value, unit, bounds and meaning, as the model computes with them."""
        rows = []
        for declared in self.network.declared:
            values = np.atleast_1d(np.asarray(self.network.parameters[declared.name]))
            for component, value in zip(declared.components or ("",), values, strict=True):
                rows.append(
                    {
                        "parameter": declared.name,
                        "component": component,
                        "value": float(value),
                        "unit": declared.unit,
                        "low": declared.low,
                        "high": declared.high,
                        "description": declared.description,
                    }
                )
        return pd.DataFrame(rows)

    def steady_state(
        self,
        drivers: xr.Dataset,
        *,
        season: str = "auto",
        fluxes: bool = False,
        eigenvalues: bool = True,
        steps_per_month: int = 2,
        cue_from: xr.Dataset | None = None,
        threads: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> xr.Dataset:
        """The steady state under given drivers: of one site, a list or a grid.

        Parameters
        ----------
        drivers : xr.Dataset
            The drivers the model needs (`network.needs`), with units, of any shape. A dimension ``month`` of length
            12, or ``day`` of length 365, makes the state seasonal: the year that repeats itself.
        season : {"auto", "seasonal", "annual-mean"}
            ``annual-mean`` averages over the year first, which biases nonlinear fluxes and is recorded in the result;
            ``seasonal`` refuses drivers without a year; ``auto`` is seasonal where there is one.
        fluxes : bool
            Also return every flux (variable ``flux_rate``).
        eigenvalues : bool
            Also return the largest eigenvalue of the Jacobian (under annual-mean drivers).
        steps_per_month : int
            Implicit steps a month of the seasonal state; daily drivers take one a day.
        cue_from : xr.Dataset, optional
            Drivers under which intrinsic CUE is taken, if not the same: CUE is held while all else responds.
        threads : int, optional
            The processors at hand by default.
        progress : callable, optional
            Told how many cells were finished since it was last told.

        Returns
        -------
        xr.Dataset
            Pools (gC m-2, means over the year), sums of pools, the budget (gC m-2 d-1), gross decomposition under
            every rule, and per cell status, residual and the reason of a flag. Cells not settled are NaN.

        Raises
        ------
        InputError
            For missing drivers, missing or impossible units, values outside the limits, wrong dimensions.
        """
        cells, seasonal, layout = self._cells(drivers, season)
        if cue_from is not None:
            cells |= self._slots(self._cells(cue_from, season)[0])
        weights, quantities = self._weights(fluxes)
        solved = self._solve(
            cells,
            weights,
            seasonal=seasonal,
            steps_per_month=1 if layout.period == "day" else steps_per_month,
            threads=threads,
            progress=progress,
        )
        state = self._dataset(solved, quantities, layout)
        if fluxes:
            state = self._with_flux_rates(state, solved.flows, layout)
        if eigenvalues:
            largest = largest_eigenvalue(self.solved, cells, solved.stocks) * (self._flow / self._stock)
            state["largest_eigenvalue"] = layout.array(largest)
            state["largest_eigenvalue"].attrs |= OUTPUTS["largest_eigenvalue"].attributes()
        names = {"month": "monthly", "day": "daily", None: "constant"}
        how = f"{names[layout.period]} drivers, repeating year" if seasonal else "constant drivers"
        if layout.period and not seasonal:
            how = f"annual means of {names[layout.period]} drivers (this biases nonlinear fluxes)"
        steps = 365 if layout.period == "day" else 12 * steps_per_month
        layout.notes += self._say_beyond(state, self._beyond(cells), layout)
        state.attrs |= self._attributes(layout.notes) | {
            "season": how,
            "solver": f"Newton on the yearly map, {steps} implicit steps a year"
            if seasonal
            else "Newton on log gain = log loss",
        }
        return state

    def _with_flux_rates(self, state: xr.Dataset, flows: np.ndarray, layout: _Layout) -> xr.Dataset:
        """A state with every flux; the last rows of what was summed are the fluxes themselves."""
        matter = np.array([[flux.process != "memory"] for flux in self.structure.fluxes])
        units = np.where(matter, self._flow, self._flow / self._stock)
        state["flux_rate"] = layout.array(flows[-len(units) :] * units, "flux")
        state["flux_rate"].attrs |= OUTPUTS["flux_rate"].attributes()
        for part in ("source", "target", "process", "through"):
            values = [str(getattr(f, part) or "") for f in self.structure.fluxes]
            state = state.assign_coords({f"flux_{part}": ("flux", values)})
        currencies = [self.structure.currency(flux) for flux in self.structure.fluxes]
        state = state.assign_coords(flux_currency=("flux", currencies))
        return state.assign_coords(flux=self.structure.names())

    def in_model_units(self, state: xr.Dataset, drivers: xr.Dataset) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Stocks of a state, shape (pools, cells), and the mean drivers of its cells, as the network computes."""
        cells, _, layout = self._cells(drivers, "annual-mean")
        return self._start_stocks(state, layout), cells

    def simulate(
        self,
        drivers: xr.Dataset,
        start: xr.Dataset | None = None,
        years: int | None = None,
        *,
        method: str = "implicit",
        steps: int | None = None,
        output: str = "year",
        cue_from: xr.Dataset | None = None,
        threads: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> xr.Dataset:
        """The soil through time.

        Parameters
        ----------
        drivers : xr.Dataset
            Constant; with a dimension ``month`` or ``day``, repeated every year; or with a dimension ``time`` of
            dates (monthly, daily or every few hours, without leap days), changing.
        start : xr.Dataset, optional
            A state of this model (`steady_state`, or a run's last record: ``run.isel(time=-1)``). By default the
            steady state under the same drivers; drivers that change need one.
        years : int, optional
            How many years of 365 days; all that changing drivers have by default.
        method : {"implicit", "patankar", "euler", "rk4"}
            Implicit Euler, or the modified Patankar-Euler step of Burchard et al. (2003): both of first order,
            positive and conserving at any length; with the first a run from a seasonal state stays on it, the second
            is many times faster (for linear models they are one). Or the steps that models' own codes take: explicit
            Euler, and Runge-Kutta with drivers interpolated linearly between periods. Explicit methods have no
            safeguard: too long a step shows as negative or infinite stocks, which is an error.
        steps : int, optional
            Steps a period: 2 a month, 1 a day, 24 a year under constant drivers by default.
        output : {"year", "period"}
            One record a year, or one a period of the drivers (month, day, hours).
        cue_from : xr.Dataset, optional
            Drivers under which intrinsic CUE is taken, if not the same: CUE is held while all else responds. Of the
            same kind as `drivers`.
        threads : int, optional
            The processors at hand by default.
        progress : callable, optional
            Told how many cells were taken through a year since it was last told.

        Returns
        -------
        xr.Dataset
            As `steady_state`, with a first dimension ``time`` (years since the start, at the end of each record):
            stocks and fluxes are means over each record, ``stock_at_end`` the stocks at its end, ``record_length`` its
            days. ``status`` says of each cell whether it was simulated, or why not; a cell that crosses a limit of the
            model has values until then. ``closure`` is the carbon that the run of a cell lost or found, relative.
            `flux_sums` sums a window, `cue` takes one.

        Raises
        ------
        InputError
            As `steady_state`; for a time axis with gaps, repeats or mixed steps; drivers that end before the run; a
            start that is not of this model or these cells; a step too long for an explicit method.

        Notes
        -----
        Drivers are read some cells and one year at a time, so that those of a file need not fit into memory.
        """
        if method not in METHODS:
            raise unknown_name("method", method, METHODS)
        if output not in ("year", "period"):
            raise unknown_name("output", output, ("year", "period"))
        place = place_of(drivers)
        arrays = {name: drivers[str(find_driver(drivers, name))] for name in self._sources(drivers)}
        clock = self._clock(arrays, place, years, steps)
        if start is None:
            if clock.dim == "time":
                raise InputError(
                    "a run with drivers that change needs a start: for example start=model.steady_state(climatology)."
                )
            start = self.steady_state(drivers, threads=threads)
        layout = _Layout.of(arrays, clock.dim, place)
        stocks = self._start_stocks(start, layout)
        run = _Run(self, clock, layout, stocks, output == "period", method)
        inner = int(np.prod(layout.shape[1:]))
        rows = max(1, CELLS_AT_ONCE // max(1, inner))
        for first in range(0, layout.shape[0] if layout.shape else 1, rows):
            part = {layout.dims[0]: slice(first, first + rows)} if layout.dims else {}
            cells = slice(first * inner, (first + rows) * inner)
            constant, changing = self._streams(drivers.isel(part), place, clock, layout)
            changing = run.watched(cells, constant, changing)
            if cue_from is not None:
                held = self._streams(cue_from.isel(part, missing_dims="ignore"), place, clock, layout)
                constant, changing = self._with_slots(constant, changing, *held)
            simulate_cells(
                self.solved,
                stocks[:, cells],
                constant,
                changing,
                clock.lengths * convert(1.0, "d", self.network.time_unit),
                run.weights,
                years=clock.years,
                steps=clock.steps,
                method=method,
                every=run.every,
                threads=threads,
                progress=progress,
                keep=partial(run.keep, cells.start),
            )
        return run.dataset()

    def _clock(self, arrays: Mapping[str, xr.DataArray], place: str, years: int | None, steps: int | None) -> _Clock:
        """How a run goes through its drivers."""
        dim, available = self._period(arrays, place), None
        dated = next((array for array in arrays.values() if "time" in array.dims), None)
        if dated is not None:
            if dim:
                raise InputError(f"{place}: some drivers have a dimension 'time' and some {dim!r}; bring them to one.")
            axis = read_years(dated["time"], place)
            dim, lengths, available = "time", axis.lengths, axis.count
        else:
            lengths = PERIODS[dim] if dim else np.array([DAYS_PER_YEAR])
        if years is None:
            years = available
        if years is None or years != int(years) or years < 1:
            raise InputError("simulate needs years=..., a whole number of years from 1 on.")
        if available is not None and years > available:
            raise InputError(f"{place}: the drivers hold {available} whole years; the run asks for {years}.")
        usual = {1: 24, 12: 2}.get(len(lengths), 1)
        if steps is not None and (steps != int(steps) or steps < 1):
            raise InputError(f"steps={steps}: give a whole number of steps a period from 1 on, or none for {usual}.")
        return _Clock(dim, lengths, int(years), int(steps or usual), available)

    def _streams(
        self, piece: xr.Dataset, place: str, clock: _Clock, layout: _Layout
    ) -> tuple[dict[str, np.ndarray], Callable[[int], dict[str, np.ndarray]]]:
        """Constant drivers of some cells, and a function that reads the others of a year; in the model's units."""
        sizes = {dim: piece.sizes[dim] for dim in layout.dims}
        count = len(clock.lengths)

        def window(year: int) -> slice:
            return slice(year * count, (year + 1) * count + 1)

        def flat(array: xr.DataArray, *lead: str) -> np.ndarray:
            whole = array.expand_dims({d: n for d, n in sizes.items() if d not in array.dims})
            values = whole.transpose(*lead, *layout.dims).values
            values = values.reshape(*values.shape[: len(lead)], -1)
            return values / self._flow if array.name == "carbon_input" else values

        def moving(read: Mapping[str, xr.DataArray]) -> dict[str, np.ndarray]:
            """Those that change, and of each the period after."""
            lead = str(clock.dim)
            found = {name: flat(array, lead) for name, array in read.items() if lead in array.dims}
            # a year that repeats begins again; of what comes after the last date nothing is known: it lasts
            last = 0 if clock.dim != "time" else -1
            return {
                name: values if len(values) > count else np.concatenate([values, values[[last]]])
                for name, values in found.items()
            }

        if clock.dim == "time":
            for name in self._chosen(piece)[1]:
                of, factor = LONG_TERM_MEANS.get(name, ("", 1.0))
                if of and "time" in piece[str(find_driver(piece, of))].dims:  # over all dates, not those of a year
                    spans = (window(year) for year in range(int(clock.available or 1)))
                    every = (read_driver(piece.isel(time=span), of, place).isel(time=slice(count)) for span in spans)
                    days = xr.DataArray(clock.lengths, dims="time")
                    total = sum((array * days).sum("time", skipna=False) for array in every)
                    mean = total / (int(clock.available or 1) * clock.lengths.sum())
                    piece = piece.assign({name: (mean * factor).assign_attrs(units=DRIVERS[name].unit)})
        read, _ = self._read(piece if clock.dim != "time" else piece.isel(time=window(0)))
        layout.notes = tuple(array.attrs["derived"] for array in read.values() if "derived" in array.attrs)
        constant = {name: flat(array) for name, array in read.items() if clock.dim not in array.dims}
        repeated = moving(read)
        if clock.dim != "time":
            return constant, lambda year: repeated
        return constant, lambda year: moving(self._read(piece.isel(time=window(year)))[0])

    def _with_slots(self, constant, changing, constant_for_cue, changing_for_cue):
        """Streams of drivers with intrinsic CUE from other streams among them."""
        if not changing_for_cue(0):
            return constant | self._slots(constant_for_cue), changing

        def with_cue_of(year: int) -> dict[str, np.ndarray]:
            moving = changing_for_cue(year)
            shape = next(iter(moving.values())).shape
            whole = {name: np.broadcast_to(values, shape) for name, values in constant_for_cue.items()} | moving
            return changing(year) | self._slots(whole)

        return constant, with_cue_of

    def _start_stocks(self, start: xr.Dataset, layout: _Layout) -> np.ndarray:
        """Stocks (pools, cells) in the model's unit from a state, a run's record or a table of pools."""
        if not isinstance(start, xr.Dataset):
            raise InputError(f"start: must be an xarray.Dataset; got {type(start).__name__}.")
        place = " ".join(["start", *([start.encoding["source"]] if "source" in start.encoding else [])])
        name = next((n for n in ("stock_at_end", "stock_at_year_start") if n in start), None)
        wanted = [pool.name for pool in self.pools]
        if name is None:
            missing = [pool for pool in wanted if pool not in start]
            if missing:
                raise InputError(f"{place}: is no state of the model {self.network.name!r}; it lacks {missing[0]!r}.")
            tables = [self._stocks_of(pool, start[pool.name], place) for pool in self.pools]
        else:
            table = start[name]
            if "pool" not in table.dims or [str(pool) for pool in start["pool"].values] != wanted:
                raise InputError(f"{place}: is a state of another model; {self.network.name!r} has the pools {wanted}.")
            tables = [self._stocks_of(pool, table.isel(pool=i), place) for i, pool in enumerate(self.pools)]
        sizes = dict(zip(layout.dims, layout.shape, strict=True))
        rows = []
        for table in tables:
            if set(table.dims) - set(layout.dims):
                mend = " Of a run take one record, as with run.isel(time=-1)." if "time" in table.dims else ""
                raise InputError(f"{place}: has the dimensions {table.dims}, the drivers {layout.dims}.{mend}")
            for dim in map(str, table.dims):
                if table.sizes[dim] != sizes[dim]:
                    raise InputError(f"{place}: has {table.sizes[dim]} along {dim!r}, the drivers {sizes[dim]}.")
                if dim in table.coords and dim in layout.coords and not _same(table[dim], layout.coords[dim]):
                    raise InputError(
                        f"{place}: stands on other cells than the drivers, or on the same in another order: {dim!r} "
                        f"is {spelt(table[dim].values)} there and {spelt(layout.coords[dim].values)} here."
                    )
            whole = table.expand_dims({d: sizes[d] for d in layout.dims if d not in table.dims})
            rows.append(whole.transpose(*layout.dims).values.reshape(-1))
        return np.stack(rows) / self._per_pool

    def _stocks_of(self, pool: Pool, table: xr.DataArray, place: str) -> xr.DataArray:
        """Stocks of one pool in the unit of the border: in that unit if it is not said."""
        where = f"{place}, stocks of {pool.name!r}"
        if table.dtype.kind not in "iuf":
            raise InputError(f"{where}: are {table.dtype} values, not numbers.")
        values, unit = np.asarray(table.values, dtype=float), str(table.attrs.get("units", "")).strip()
        if unit and pool.kind != "memory":
            # one table of all pools has one unit for them: that of carbon
            expected = "gC m-2" if table.name in ("stock_at_end", "stock_at_year_start") else unit_of(pool)
            try:
                values = np.asarray(convert(values, unit, expected))
            except InputError as error:
                raise InputError(f"{where}: {error} Expected {expected!r} or a unit that converts to it.") from error
        low, high = (-MOST, MOST) if pool.kind == "memory" else (0.0, MOST)
        bad = (values < low) | (values > high)
        if bad.any():
            raise InputError(
                f"{where}: hold {values[bad][0]:g}; they are from {low:g} to {high:g}, or NaN where none is known."
            )
        return table.copy(data=values)

    def ensemble(
        self,
        drivers: xr.Dataset,
        draws: int | Mapping[str, Any],
        *,
        parameters: Iterable[str] | None = None,
        spread: float | None = None,
        seed: int = 0,
        season: str = "auto",
        fluxes: bool = False,
        threads: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> xr.Dataset:
        """Steady states under many draws of the parameters, all by one compiled program.

        Parameters
        ----------
        drivers : xr.Dataset
            As for `steady_state`.
        draws : int or mapping
            How many. Or draws of one's own: for each parameter that varies its values, shape (members,) or (members,
            components), in the model's units.
        parameters : iterable of str, optional
            The parameters to draw; all by default.
        spread : float, optional
            Each parameter is drawn uniformly within this share of its value, and within its bounds: 0.1 for plus and
            minus ten percent. Over all of its bounds by default.
        seed : int
            The same seed gives the same draws; one more draw changes none of the others.
        season : str
            As for `steady_state`.
        fluxes : bool
            As for `steady_state`.
        threads : int, optional
            The processors at hand by default.
        progress : callable, optional
            Told how many cells were finished since it was last told.

        Returns
        -------
        xr.Dataset
            As `steady_state`, with a first dimension ``member``; ``parameter_value`` (member, parameter) as the model
            computes with them. A draw under which the published functions leave their domain, or a population dies
            out, is flagged in ``status`` cell by cell and has no values.

        Raises
        ------
        InputError
            As `steady_state`; for an unknown parameter, no draws, a spread that is not above zero; for draws of one's
            own that are of different numbers or outside of the bounds.
        """
        known = {declared.name: declared for declared in self.network.declared}
        if isinstance(draws, Mapping):
            if parameters is not None or spread is not None:
                raise InputError(
                    "draws of your own say themselves what varies and how far: no parameters=, no spread=."
                )
            drawn, draws = self._given(draws), len(next(iter(draws.values()), ()))
            how = f"{draws} draws that were given"
        else:
            if draws < 1 or draws != int(draws):
                raise InputError(f"draws={draws}: give a whole number from 1 on.")
            if spread is not None and not spread > 0:
                raise InputError(
                    f"spread={spread}: give a share above zero, such as 0.1, or none for the whole bounds."
                )
            chosen = list(known if parameters is None else dict.fromkeys(parameters))
            for name in chosen:
                if name not in known:
                    raise unknown_name(f"parameter of model {self.network.name!r}", name, known)
            drawn = {name: self._drawn(known[name], draws, spread, seed) for name in chosen}
            within = "over the bounds" if spread is None else f"within {spread:g} of each value and the bounds"
            how = f"{draws} draws, seed {seed}, uniform {within}"
        cells, seasonal, layout = self._cells(drivers, season)
        count = cells["carbon_input"].shape[-1]
        network: Any = Drawn(self.solved)
        weights, quantities = self._weights(fluxes)
        parts = []
        step = max(1, CELLS_AT_ONCE // count)
        for first in range(0, draws, step):
            some = {name: values[..., first : first + step] for name, values in drawn.items()}
            members = min(step, draws - first)
            felt = {name: np.tile(values, members) for name, values in cells.items()}
            shape = felt["carbon_input"].shape
            for name, values in as_drivers(some).items():
                felt[name] = np.broadcast_to(np.repeat(values, count), shape)
            solved = solve_cells(
                network,
                felt,
                weights,
                seasonal=seasonal,
                steps_per_month=1 if layout.period == "day" else 2,
                threads=threads,
                progress=progress,
            )
            inner = _of_members(layout, members)
            part = self._dataset(solved, quantities, inner)
            parts.append(self._with_flux_rates(part, solved.flows, inner) if fluxes else part)
        result = xr.concat(
            parts, dim="member", data_vars="minimal", coords="minimal", compat="override", join="override"
        )
        result = result.assign_coords(member=np.arange(1, draws + 1))
        labels = [f"{n}[{c}]" if c else n for n in drawn for c in (known[n].components or ("",))]
        table = np.concatenate([np.atleast_2d(values) for values in drawn.values()])
        result["parameter_value"] = (("member", "parameter"), table.T)
        result["parameter_value"].attrs["long_name"] = "drawn parameters, in the units the model computes with"
        layout.notes += self._say_beyond(result, np.tile(self._beyond(cells), draws), _of_members(layout, draws))
        result.attrs |= self._attributes(layout.notes) | {"ensemble": how}
        return result.assign_coords(parameter=labels)

    def _given(self, draws: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Draws that a user gave, shape (members,) or (components, members), checked."""
        known = {declared.name: declared for declared in self.network.declared}
        found: dict[str, np.ndarray] = {}
        for name, given in draws.items():
            if name not in known:
                raise unknown_name(f"parameter of model {self.network.name!r}", name, known)
            declared, values = known[name], np.asarray(given, dtype=float)
            each = (len(declared.components),) if declared.components else ()
            if values.shape[1:] != each or values.ndim != 1 + len(each) or not values.size:
                expected = f"members x {each[0]} ({', '.join(declared.components)})" if each else "one value a member"
                raise InputError(f"draws of {name!r} have the shape {values.shape}; give {expected}.")
            outside = ~((values >= declared.low) & (values <= declared.high))
            if outside.any():
                raise InputError(
                    f"draws of {name!r} hold {values[outside][0]:g}, outside its bounds {declared.low:g} to "
                    f"{declared.high:g} {declared.unit}."
                )
            found[name] = np.moveaxis(values, 0, -1)
        numbers = {name: values.shape[-1] for name, values in found.items()}
        if len(set(numbers.values())) != 1:
            told = ", ".join(f"{number} of {name}" for name, number in numbers.items()) or "none"
            raise InputError(f"draws: give the same number of values for each parameter; there are {told}.")
        return found

    def _drawn(self, declared: Parameter, draws: int, spread: float | None, seed: int) -> np.ndarray:
        """Draws of one parameter, shape (draws,) or (components, draws); of a stream of its own."""
        value = np.asarray(self.network.parameters[declared.name], dtype=float)[..., None]
        low, high = declared.low, declared.high
        if spread is not None:
            ends = np.sort([value * (1 - spread), value * (1 + spread)], axis=0)
            low, high = np.clip(ends, declared.low, declared.high)
        random = np.random.default_rng([seed, *declared.name.encode()])
        # draw after draw, so that more draws begin with the same ones
        return low + (high - low) * np.moveaxis(random.random((draws, *value.shape[:-1])), 0, -1)

    def gradient(self, drivers: xr.Dataset, of: str = "soil_carbon", *, season: str = "auto") -> xr.Dataset:
        """Exact first derivatives of the steady state with respect to every driver and parameter.

        Parameters
        ----------
        drivers : xr.Dataset
            As for `steady_state`.
        of : str
            ``soil_carbon``, ``litter_carbon``, ``microbial_carbon``, ``soil_nitrogen`` of a model that has it, or the
            name of a pool (gC m-2, gN m-2).
        season : str
            As for `steady_state`.

        Returns
        -------
        xr.Dataset
            ``value``; one variable per driver, in units of `of` per unit of the driver (with a ``month`` or ``day``
            dimension where drivers have one); ``parameter_derivative`` over parameters, per unit of each;
            ``cue_derivative`` over the slots of intrinsic CUE, all else being the same.
            Derivatives by the implicit function theorem, NaN where no state is settled.

        Raises
        ------
        InputError
            As `steady_state`; for an unknown quantity.
        """
        groups = self._pool_groups()
        chosen = groups | {pool.name: [i] for i, pool in enumerate(self.pools)}
        if of not in chosen:
            raise unknown_name("quantity", of, chosen)
        cells, seasonal, layout = self._cells(drivers, season)
        members = np.isin(np.arange(len(self.pools)), chosen[of]) * self._per_pool[:, 0]
        states = self._solve(cells, self._weights(False)[0], seasonal=seasonal)
        value, by_driver, by_parameter, by_slot = gradients(self.solved, cells, states, members, seasonal=seasonal)
        by_driver["carbon_input"] = by_driver["carbon_input"] / self._flow
        result = xr.Dataset({"value": layout.array(value)})
        unit = unit_of(self.pools[chosen[of][0]])
        result["value"].attrs |= {"units": unit, "long_name": of.replace("_", " ")}
        for name, values in by_driver.items():
            dims = (layout.period,) if seasonal else ()
            result[name] = layout.array(values, *dims)
            result[name].attrs |= {"units": f"{unit} per ({DRIVERS[name].unit})", "long_name": f"d {of} / d {name}"}
        labels, rows = [], []
        for declared in self.network.declared:
            for k, component in enumerate(declared.components or ("",)):
                labels.append(f"{declared.name}[{component}]" if component else declared.name)
                rows.append(by_parameter[declared.name][k] if component else by_parameter[declared.name])
        result["parameter_derivative"] = layout.array(np.stack(rows), "parameter")
        result["parameter_derivative"].attrs["long_name"] = f"d {of} / d parameter, per unit of each parameter"
        if by_slot:
            result["cue_derivative"] = layout.array(
                np.stack(list(by_slot.values())), "slot", *([str(layout.period)] if seasonal else [])
            )
            result["cue_derivative"].attrs |= {"units": unit, "long_name": f"d {of} / d intrinsic CUE of a slot"}
            result = result.assign_coords(slot=[slot.removeprefix(CUE_SLOT) for slot in by_slot])
        return result.assign_coords(parameter=labels)

    def intrinsic_cue(self, drivers: xr.Dataset, *, season: str = "auto") -> xr.DataArray:
        """Intrinsic CUE of every slot of the model, as its schemes (or its paper) give it under these drivers.

        Parameters
        ----------
        drivers : xr.Dataset
            As for `steady_state`.
        season : str
            As for `steady_state`.

        Returns
        -------
        xr.DataArray
            First dimension ``slot``: microbe and substrate, in the model's names. NaN where a driver is missing.

        Raises
        ------
        InputError
            As `steady_state`.
        """
        cells, seasonal, layout = self._cells(drivers, season)
        slots = self._slots(cells)
        found = layout.array(np.stack(list(slots.values())), "slot", *([str(layout.period)] if seasonal else []))
        found.attrs |= {"units": "1", "long_name": "intrinsic carbon use efficiency"}
        return found.assign_coords(slot=[slot.removeprefix(CUE_SLOT) for slot in slots]).rename("intrinsic_cue")

    def elasticity(self, drivers: xr.Dataset) -> xr.Dataset:
        """By how many percent each pool changes if intrinsic CUE rises by one percent everywhere, all else alike.

        Parameters
        ----------
        drivers : xr.Dataset
            As for `steady_state`; annual means are taken.

        Returns
        -------
        xr.Dataset
            ``pool_elasticity`` (pool): d ln(stock) / d ln(CUE), exact, by the implicit function theorem;
            ``soil_carbon_elasticity``; its two parts ``entombing`` (pools that gain) and ``priming`` (pools that
            lose), each weighted by the pool's share of all carbon; ``soil_carbon`` and ``status``.
        """
        cells, _, layout = self._cells(drivers, "annual-mean")
        states = self._solve(cells, self._weights(False)[0], seasonal=False)
        states = replace(states, stocks=states.stocks[: len(self.network.pools)])  # no CUE changes a memory
        if self.network.fed():
            cells |= self._slots(cells)  # CUE changes by one percent, whatever makes it
        slopes = elasticities(self.network, cells, states)
        carbon = [i for i, pool in enumerate(self.network.pools) if pool.currency == "carbon"]
        parts = states.stocks[carbon] / states.stocks[carbon].sum(axis=0) * slopes[carbon]
        result = xr.Dataset()

        def add(name, values, unit, words, *lead):
            result[name] = layout.array(values, *lead)
            result[name].attrs |= {"units": unit, "long_name": words}

        add("pool_elasticity", slopes, "1", "d ln(stock) / d ln(CUE)", "pool")
        add("soil_carbon_elasticity", parts.sum(axis=0), "1", "d ln(carbon of all pools) / d ln(CUE)")
        add("entombing", np.maximum(parts, 0).sum(axis=0), "1", "part of the elasticity from pools that gain")
        add("priming", np.minimum(parts, 0).sum(axis=0), "1", "part of the elasticity from pools that lose")
        total = states.stocks[self._pool_groups()["soil_carbon"]].sum(axis=0) * self._stock
        add("soil_carbon", total, "gC m-2", "carbon of all pools, litter included")
        add("status", states.status, "1", "what became of the cell")
        result.attrs |= self._attributes(layout.notes)
        return result.assign_coords(pool=[pool.name for pool in self.network.pools])

    def _slots(self, cells: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Intrinsic CUE by slot for flat cells; where it depends on pools that of constant drivers, at rest."""
        if self.solved is not self.network and any(np.ndim(values) > 1 for values in cells.values()):
            raise InputError(
                f"{self!r}: its CUE depends on what was before, and does not follow from the drivers of the moment "
                "where they change. Give annual means (season='annual-mean'), or read the CUE of a run: "
                "cue(model.simulate(..., output='period'))."
            )
        if self.network.fed():
            found = self._solve(cells, self._weights(False)[0], seasonal=False).stocks
            stocks = {pool.name: found[i] for i, pool in enumerate(self.pools)}
            return {slot: np.asarray(values) for slot, values in self.solved.slots_at(stocks, cells).items()}
        given = with_cue(self.network, cells)
        return {slot: given[slot] for slot in slots_of(given)}

    def cells_with_drivers(self, drivers: xr.Dataset, *, season: str = "auto") -> dict[str, int]:
        """How many cells have what the model needs: those that `steady_state` will solve, counted before the work.

        Parameters
        ----------
        drivers : xr.Dataset
            As for `steady_state`.
        season : str
            As for `steady_state`.

        Returns
        -------
        dict of str to int
            Under the name of each driver the cells that have a value of it (of the carbon input, one above zero);
            under ``all`` those that have every one.

        Raises
        ------
        InputError
            As `steady_state`.
        """
        held = cells_with(self._cells(drivers, season)[0])
        return {name: int(cells.sum()) for name, cells in held.items()} | {
            "all": int(np.all(list(held.values()), axis=0).sum())
        }

    def refuse_drivers(self, drivers: xr.Dataset) -> None:
        """Raise `InputError` for drivers that `simulate` would refuse on its way: all their dates are looked at.

        Parameters
        ----------
        drivers : xr.Dataset
            As for `simulate`.
        """
        arrays = {name: read_driver(drivers, name) for name in self._sources(drivers)}
        self._clock(arrays, place_of(drivers), 1, None)

    def _attributes(self, notes: tuple[str, ...]) -> dict[str, Any]:
        """What every result says of the model behind it."""
        return {
            "Conventions": "CF-1.10",
            "model": self.network.name,
            "parameter_set": self.parameters_name,
            "scheme": self.scheme_name,
            "options": ", ".join(f"{name}: {value}" for name, value in self.network.options) or "none",
            "reference_depth_m": self.network.depth,
            "implicit_microbes": int(self.network.implicit_microbes),
            "assumptions": "\n".join([*self.network.assumptions, *self.scheme_notes, *notes]),
            "soilcue_version": soilcue.__version__,
            "references": "\n".join(bibliography(["he2024", *self.references])),
        }

    @property
    def _ranges(self) -> list[tuple[str, str, float, float]]:
        """Scheme, driver, and the range that its evidence covers, where there is one."""
        return [(one.name, name, *span) for one in self.network.schemes for name, span in one.valid.items()]

    def _beyond(self, cells: Mapping[str, np.ndarray]) -> np.ndarray:
        """Which drivers of flat cells leave the range of a scheme's evidence at some time: a bit for each range."""
        count = cells["carbon_input"].shape[-1]
        bits = np.zeros(count, np.int32)
        for k, (_, name, low, high) in enumerate(self._ranges):
            values = np.reshape(cells[name], (-1, count)) if name in cells else np.full((1, count), np.nan)
            bits |= ((values < low) | (values > high)).any(axis=0).astype(np.int32) << k
        return bits

    def _say_beyond(self, result: xr.Dataset, bits: np.ndarray, layout: _Layout) -> tuple[str, ...]:
        """Put into a result where schemes are extrapolated; and in words, in how many cells."""
        if not self._ranges:
            return ()
        texts = [f"{scheme}: {name} outside {low:g} to {high:g}" for scheme, name, low, high in self._ranges]
        result["beyond_evidence"] = layout.array(bits)
        result["beyond_evidence"].attrs |= OUTPUTS["beyond_evidence"].attributes()
        result["beyond_evidence"].attrs |= _limit_attributes(tuple(texts), np.int32)
        return extrapolations(result)

    def _solve(self, cells: Mapping[str, np.ndarray], weights: np.ndarray, *, seasonal: bool, **how: Any) -> CellStates:
        """As `solve_cells`, of what is solved.

        Under constant drivers a memory is at rest and has no say in the stability of the rest, so that the compiled
        program of the model without memory serves.
        """
        if seasonal or not self._memories or self.network.fed():
            return solve_cells(self.solved, cells, weights, seasonal=seasonal, **how)
        own, memory = np.split(weights, [weights.shape[1] - 2 * self._memories], axis=1)
        found = solve_cells(self.network, cells, own, seasonal=False, **how)
        environment = self.solved.environment(cells)
        rest = [environment[pool.name] for pool in self.pools if pool.kind == "memory"]
        settled = found.status == Status.SETTLED
        stocks = np.concatenate([found.stocks, np.where(settled, np.stack(rest), np.nan)])
        flows = found.flows
        if memory.any():
            flows = flows + memory @ np.asarray(flux_table(self.solved, stocks, environment))[-memory.shape[1] :]
        return replace(found, stocks=stocks, start=stocks, flows=flows)

    # ---- the border -------------------------------------------------------------------------------------------

    def _cells(self, drivers: xr.Dataset, season: str) -> tuple[dict[str, np.ndarray], bool, _Layout]:
        """Drivers as flat arrays in the model's units, whether they are seasonal, and how to go back."""
        if season not in SEASONS:
            raise unknown_name("season", season, SEASONS)
        read, place = self._read(drivers)
        for array in read.values():
            if "time" in array.dims:
                raise InputError(
                    f"{place}: variable {array.name!r} has a dimension 'time'. A steady state needs constant drivers "
                    "or a climatology with a dimension 'month' of length 12; for example, with xarray, "
                    "drivers.groupby('time.month').mean()."
                )
        period = self._period(read, place)
        seasonal = period is not None and season != "annual-mean"
        if season == "seasonal" and not seasonal:
            raise InputError("season='seasonal' needs drivers with a dimension 'month' (12) or 'day' (365).")
        if not seasonal:
            read = {name: mean_of_year(array) for name, array in read.items()}
        flat, layout = self._flat(read, place, period if seasonal else None)
        layout.period = period
        return flat, seasonal, layout

    def _read(self, drivers: xr.Dataset) -> tuple[dict[str, xr.DataArray], str]:
        """The drivers the model needs, checked and in canonical units, and what to call where they come from."""
        if not isinstance(drivers, xr.Dataset):
            raise InputError(f"drivers must be an xarray.Dataset; got {type(drivers).__name__}.")
        place = place_of(drivers)
        chosen, absent = self._chosen(drivers)
        read = {name: _months_in_order(read_driver(drivers, name), place) for name in chosen}
        for name in absent:
            if name in LONG_TERM_MEANS:
                of, factor = LONG_TERM_MEANS[name]
                read[name] = mean_of_year(read[of]).rename(name) * factor
                continue
            derived = DERIVED[name]
            parts = [_months_in_order(read_driver(drivers, need), place) for need in derived.needs]
            read[name] = derived.value(*parts).rename(name).assign_attrs(derived=derived.how)
        return read, place

    def _chosen(self, drivers: xr.Dataset) -> tuple[list[str], list[str]]:
        """The drivers to be read, and those that follow from them because they are not given."""
        if not isinstance(drivers, xr.Dataset):
            raise InputError(f"drivers must be an xarray.Dataset; got {type(drivers).__name__}.")
        for dim in map(str, drivers.dims):
            if dim in drivers.coords and drivers[dim].dims != (dim,):
                raise InputError(
                    f"{place_of(drivers)}: {dim!r} is a dimension of some variables, and of others a coordinate along "
                    f"{', '.join(map(str, drivers[dim].dims)) or 'nothing'}. Rename one of the two."
                )
        wanted = [*self.network.needs, *self.network.option_needs(), *self.network.scheme_needs()]
        follow = (*LONG_TERM_MEANS, *DERIVED)
        absent = [str(need) for need in wanted if need in follow and not find_driver(drivers, str(need))]
        needs = [need for need in wanted if need not in absent]
        needs += [wish for wish in self.network.scheme_wishes() if find_driver(drivers, wish)]
        for name in absent:
            if name in DERIVED and not all(find_driver(drivers, need) for need in DERIVED[name].needs):
                chosen_drivers(drivers, (name,))  # says what is absent
        return chosen_drivers(drivers, needs), absent

    def _sources(self, drivers: xr.Dataset) -> list[str]:
        """The drivers to be read, and those that others are derived from."""
        names, absent = self._chosen(drivers)
        return [*names, *(need for name in absent if name in DERIVED for need in DERIVED[name].needs)]

    def _period(self, read: Mapping[str, xr.DataArray], place: str) -> str | None:
        """The dimension that makes up a year, ``month`` or ``day``; None for constant drivers."""
        periods = [name for name in PERIODS if any(name in array.dims for array in read.values())]
        if len(periods) > 1:
            raise InputError(f"{place}: some drivers have a dimension 'month' and some 'day'; bring them to one.")
        period = periods[0] if periods else None
        for array in read.values():
            if period and period in array.dims and array.sizes[period] != len(PERIODS[period]):
                raise InputError(
                    f"{place}: dimension {period!r} of {array.name!r} has length {array.sizes[period]}; "
                    f"a repeating year has {len(PERIODS[period])}."
                )
        return period

    def _flat(
        self, read: Mapping[str, xr.DataArray], place: str, lead: str | None
    ) -> tuple[dict[str, np.ndarray], _Layout]:
        """Drivers as arrays (lead, cells) or (cells,) in the model's units, and how to go back."""
        together = xr.broadcast(*read.values())
        empty = [str(d) for d in together[0].dims if together[0].sizes[d] == 0]
        if empty:
            raise InputError(f"{place}: no cells; dimension {empty[0]!r} has length 0.")
        dims = tuple(str(d) for d in together[0].dims if d != lead)
        sizes = tuple(together[0].sizes[d] for d in dims)
        layout = _Layout(dims, sizes, {d: together[0][d] for d in dims if d in together[0].coords}, lead)
        layout.notes = tuple(array.attrs["derived"] for array in read.values() if "derived" in array.attrs)
        front = (lead,) if lead else ()
        shape = tuple(together[0].sizes[d] for d in front)
        flat = {
            name: np.ascontiguousarray(array.transpose(*front, *dims).values).reshape(*shape, -1)
            for name, array in zip(read, together, strict=True)
        }
        flat["carbon_input"] = flat["carbon_input"] / self._flow
        return flat, layout

    def _weights(self, fluxes: bool) -> tuple[np.ndarray, list[str]]:
        """Rows that sum the fluxes into every quantity of the result, and their names."""
        rows = {**balance_weights(self.structure)}
        for rule, row in diagnosis_weights(self.structure).items():
            if rule in RULES:
                rows[f"gross_decomposition {rule}"] = row
        for rule, row in diagnosis_weights(self.structure, litter=False).items():
            rows[f"without_litter {rule}"] = row
        living = self.structure.living()
        for label, members in [("community", living), *((name, (name,)) for name in living)] if living else []:
            for part, row in budget_weights(self.structure, members).items():
                rows[f"{label} {part}"] = row
        table = [*rows.values(), *np.eye(len(self.structure.fluxes))] if fluxes else list(rows.values())
        return np.stack(table), list(rows)

    def _pool_groups(self) -> dict[str, list[int]]:
        """Which pools make up the sums a user asks for."""
        carbon = [(i, p) for i, p in enumerate(self.pools) if p.currency == "carbon"]
        groups = {
            "soil_carbon": [i for i, _ in carbon],
            "litter_carbon": [i for i, p in carbon if p.kind == "litter"],
            "microbial_carbon": [i for i, p in carbon if p.kind == "living"],
        }
        for element in self.structure.elements()[1:]:
            groups[f"soil_{element}"] = [i for i, p in enumerate(self.pools) if p.currency == element]
        return {name: members for name, members in groups.items() if members}

    def _quantities(
        self, stocks: np.ndarray, flows: np.ndarray, quantities: list[str], layout: _Layout, *lead: str
    ) -> xr.Dataset:
        """Stocks (pools, lead..., cells) and sums of fluxes (quantities, lead..., cells) as a Dataset at the border."""
        state = xr.Dataset()

        def add(name, values, *first):
            state[name] = layout.array(values, *first, *lead)
            state[name].attrs |= OUTPUTS[name].attributes()

        for i, pool in enumerate(self.pools):
            state[pool.name] = layout.array(stocks[i] * self._per_pool[i], *lead)
            state[pool.name].attrs |= {
                "units": unit_of(pool),
                "long_name": pool.description,
                "pool_kind": pool.kind,
            }
        for name, members in self._pool_groups().items():
            add(name, stocks[members].sum(axis=0) * self._stock)
        rules, living = list(RULES), self.structure.living()
        flow = dict(zip(quantities, flows * self._flow, strict=False))
        for name in balance_weights(self.structure):
            add(name, flow[name])
        add("gross_decomposition", np.stack([flow[f"gross_decomposition {rule}"] for rule in rules]), "rule")
        add("gross_decomposition_without_litter", np.stack([flow[f"without_litter {rule}"] for rule in rules]), "rule")
        add("respiration_without_litter", flow["without_litter respiration"])
        state = state.assign_coords(rule=rules, pool=[p.name for p in self.pools])
        if living:
            for part in ("uptake", "respiration", "exudation", "mortality"):
                add(f"community_{part}", flow[f"community {part}"])
                add(f"population_{part}", np.stack([flow[f"{name} {part}"] for name in living]), "population")
            state = state.assign_coords(population=list(living))
        return state

    def _dataset(self, solved, quantities: list[str], layout: _Layout) -> xr.Dataset:
        """The solution as a Dataset at the border, with what became of each cell."""
        state = self._quantities(solved.stocks, solved.flows, quantities, layout)

        def add(name, values, *lead):
            state[name] = layout.array(values, *lead)
            state[name].attrs |= OUTPUTS[name].attributes()

        add("stock_at_year_start", solved.start * self._per_pool, "pool")
        add("residual", solved.residual)
        add("newton_steps", solved.steps)
        add("status", solved.status)
        state["status"].attrs |= _status_attributes(STATUS_MEANING)
        add("missing_populations", solved.missing)
        if solved.limits:
            bits = sum(row.astype(np.int16) << k for k, row in enumerate(solved.reasons))
            add("crossed_limits", bits)
            state["crossed_limits"].attrs |= _limit_attributes(solved.limits)
        return state


class _Clock(NamedTuple):
    """How a run goes through its drivers: the dimension they change along, the days of each period of a year, the years
    to run, the steps a period, and the years that drivers with dates hold.
    """

    dim: str | None
    lengths: np.ndarray
    years: int
    steps: int
    available: int | None


class _Run:
    """What is kept of a run, filled block by block."""

    def __init__(
        self, model: SoilModel, clock: _Clock, layout: _Layout, stocks: np.ndarray, every: bool, method: str
    ) -> None:
        self.model, self.clock, self.layout, self.every, self.method = model, clock, layout, every, method
        self.weights, self.quantities = model._weights(False)
        self.spans = clock.lengths if every else np.array([clock.lengths.sum()])  # days of each record of a year
        records, cells = clock.years * len(self.spans), stocks.shape[1]
        self.start = stocks.copy()
        self.ends, self.means = (np.full((records, len(stocks), cells), np.nan) for _ in range(2))
        self.flows = np.full((records, len(self.weights), cells), np.nan)
        self.status = np.full(cells, Status.NO_DRIVERS, np.int8)
        self.crossed = np.zeros(cells, np.int16)
        self.beyond = np.zeros(cells, np.int32)
        self.carbon = np.array([pool.currency == "carbon" for pool in model.pools])

    def watched(
        self, cells: slice, constant: Mapping[str, np.ndarray], changing: Callable[[int], dict[str, np.ndarray]]
    ) -> Callable[[int], dict[str, np.ndarray]]:
        """The changing drivers, looked at on their way: where a scheme goes beyond its evidence in any year."""

        def looked_at(year: int) -> dict[str, np.ndarray]:
            moving = changing(year)
            self.beyond[cells] |= self.model._beyond({**constant, **moving})
            return moving

        return looked_at

    def keep(self, first: int, year: int, index: np.ndarray, kept: Any) -> None:
        """Take over a year of some cells."""
        at, rows = first + index, slice(year * len(self.spans), (year + 1) * len(self.spans))
        if year == 0:
            self.status[at] = Status.SETTLED
        bits = np.array([1 << k for k in range(kept.crossed.shape[1])], np.int16)
        self.crossed[at] |= (kept.crossed.any(axis=0) * bits[:, None]).sum(axis=0).astype(np.int16)
        outside = np.logical_or.accumulate(kept.crossed.any(axis=1), axis=0)
        outside |= self.status[at] == Status.INFEASIBLE
        broken = ~(kept.stocks >= 0).all(axis=1) & ~outside
        if broken.any() and self.method in ("euler", "rk4"):
            raise InputError(
                f"the method {self.method!r} with {self.clock.steps} steps a period left negative or infinite stocks: "
                "take more steps, or method='implicit'."
            )
        self.status[at[broken.any(axis=0)]] = Status.UNCONVERGED
        self.status[at[outside[-1]]] = Status.INFEASIBLE
        gone = outside | np.logical_or.accumulate(broken, axis=0) | (self.status[at] == Status.UNCONVERGED)
        for whole, part in ((self.ends, kept.stocks), (self.means, kept.mean_stocks), (self.flows, kept.flows)):
            whole[rows, :, at] = np.where(gone[:, None], np.nan, part)

    def closure(self) -> np.ndarray:
        """Carbon lost or found over the run of each cell, relative to what there was or what came in."""
        days = np.tile(self.spans, self.clock.years) * convert(1.0, "d", self.model.network.time_unit)
        held = [stocks[self.carbon].sum(axis=0) for stocks in (self.start, self.ends[-1])]
        came, respired, leached = (
            days @ self.flows[:, self.quantities.index(name)] for name in ("carbon_input", "respiration", "leaching")
        )
        scale = np.maximum(np.maximum(*held), came)
        return np.abs(held[1] - held[0] - came + respired + leached) / scale

    def dataset(self) -> xr.Dataset:
        """Records as a Dataset at the border, the time axis first."""
        model, layout = self.model, self.layout
        stocks, flows = (np.moveaxis(values, 0, 1) for values in (self.means, self.flows))
        run = model._quantities(stocks, flows, self.quantities, layout, "time")
        lengths = np.tile(self.spans, self.clock.years)
        run = run.assign_coords(time=np.cumsum(lengths) / DAYS_PER_YEAR)
        run["time"].attrs = {"units": "yr", "long_name": "time since the start, at the end of each record"}
        closure = self.closure()
        self.status[closure > CLOSES] = Status.UNCONVERGED
        for name, values in (
            ("stock_at_end", layout.array(self.ends * model._per_pool, "time", "pool")),
            ("record_length", xr.DataArray(lengths, dims="time")),
            ("stock_at_start", layout.array(self.start * model._per_pool, "pool")),
            ("closure", layout.array(closure)),
            ("status", layout.array(self.status)),
        ):
            run[name] = values
            run[name].attrs |= OUTPUTS[name].attributes()
        run["status"].attrs |= _status_attributes(RUN_STATUS)
        texts = limit_texts(model.network, dict.fromkeys(model.network.driver_names(), np.ones(1)), at_rest=False)
        if texts:
            run["crossed_limits"] = layout.array(self.crossed)
            run["crossed_limits"].attrs |= OUTPUTS["crossed_limits"].attributes() | _limit_attributes(texts)
        layout.notes += model._say_beyond(run, self.beyond, layout)
        run.attrs |= model._attributes(layout.notes) | {
            "solver": f"{self.method}, {self.clock.steps} steps a period of {len(self.clock.lengths)} a year",
            "closure": _closure_in_words(closure),
        }
        return run


def extrapolations(result: xr.Dataset) -> tuple[str, ...]:
    """In how many cells of a state or a run each scheme goes beyond its evidence, in words."""
    if "beyond_evidence" not in result:
        return ()
    beyond, given = result["beyond_evidence"], result["status"] != Status.NO_DRIVERS
    texts = str(beyond.attrs["flag_meanings"]).split()
    counts = [int(((beyond >> k & 1) & given).sum()) for k in range(len(texts))]
    return tuple(
        f"{text.replace('_', ' ')}, {EXTRAPOLATED} in {count:,} of {int(given.sum()):,} cells"
        for text, count in zip(texts, counts, strict=True)
        if count
    )


def joined(blocks: Sequence[xr.Dataset], dim: str) -> xr.Dataset:
    """Blocks of one result put together along a dimension, which may be new; what is said of all cells is said anew.

    Parameters
    ----------
    blocks : sequence of xr.Dataset
        Results of one model for parts of the cells, in order.
    dim : str

    Returns
    -------
    xr.Dataset
    """
    known = dim in blocks[0].dims
    whole = xr.concat(
        blocks,
        dim=dim,
        data_vars="minimal" if known else "all",
        coords="minimal",
        compat="override",
        join="override" if known else "exact",
        combine_attrs="override",
    )
    if "assumptions" in whole.attrs:
        told = dict.fromkeys(line for block in blocks for line in block.attrs["assumptions"].splitlines())
        kept = [line for line in told if EXTRAPOLATED not in line]
        whole.attrs["assumptions"] = "\n".join([*kept, *extrapolations(whole)])
    if "closure" in whole.attrs and "closure" in whole:
        whole.attrs["closure"] = _closure_in_words(whole["closure"].values)
    return whole


def _closure_in_words(closure: np.ndarray) -> str:
    worst = f"{np.nanmax(closure):.1e}" if np.isfinite(closure).any() else "none: no cell was simulated"
    return f"largest of all cells {worst}, relative"


def unit_of(pool: Pool) -> str:
    """Unit of a pool at the border."""
    return pool.currency if pool.kind == "memory" else STOCK_UNITS[pool.currency]


def _status_attributes(meaning: Mapping[Status, str]) -> dict[str, Any]:
    return {
        "flag_values": np.array([int(s) for s in Status], dtype=np.int8),
        "flag_meanings": " ".join(s.name.lower() for s in Status),
        "comment": "\n".join(f"{s.name.lower()}: {text}" for s, text in meaning.items()),
    }


def _limit_attributes(texts: tuple[str, ...], kind: type = np.int16) -> dict[str, Any]:
    return {
        "flag_masks": np.array([1 << k for k in range(len(texts))], dtype=kind),
        "flag_meanings": " ".join(text.replace(" ", "_") for text in texts),
    }


class _Layout:
    """How flat cells lie in the user's dimensions."""

    @classmethod
    def of(cls, arrays: Mapping[str, xr.DataArray], lead: str | None, place: str) -> _Layout:
        """The dimensions of the cells of some variables, without reading them."""
        sizes = {str(d): array.sizes[d] for array in arrays.values() for d in array.dims if d != lead}
        for dim, size in sizes.items():
            if size == 0:
                raise InputError(f"{place}: no cells; dimension {dim!r} has length 0.")
        coords = {str(d): array[d] for array in arrays.values() for d in array.dims if d in array.coords and d != lead}
        return cls(tuple(sizes), tuple(sizes.values()), coords, lead)

    def __init__(
        self, dims: tuple[str, ...], shape: tuple[int, ...], coords: dict[str, xr.DataArray], period: str | None
    ) -> None:
        self.dims, self.shape, self.coords, self.period = dims, shape, coords, period
        self.notes: tuple[str, ...] = ()

    def array(self, values, *lead: str) -> xr.DataArray:
        """Values of shape (lead..., cells) in the user's dimensions."""
        values = np.asarray(values)
        shaped = values.reshape((*values.shape[:-1], *self.shape))
        return xr.DataArray(shaped, dims=(*lead, *self.dims), coords=self.coords)


def _of_members(layout: _Layout, members: int) -> _Layout:
    """The same cells, once for each member."""
    return _Layout(("member", *layout.dims), (members, *layout.shape), layout.coords, layout.period)


def _months_in_order(array: xr.DataArray, place: str) -> xr.DataArray:
    """A driver whose months run from January to December, as their coordinate says; without one they are taken to."""
    if "month" not in array.coords or "month" not in array.dims or array.sizes["month"] != 12:
        return array
    months = array["month"].values
    if sorted(months.tolist()) != list(range(1, 13)):
        raise InputError(
            f"{place}: the coordinate 'month' holds {', '.join(map(str, months[:3]))}, ...; number the months 1 to 12, "
            "for example drivers.assign_coords(month=range(1, 13))."
        )
    return array.sortby("month")


def mean_of_year(array: xr.DataArray) -> xr.DataArray:
    """The mean over the year, each period weighted by its length."""
    period = next((name for name in PERIODS if name in array.dims), None)
    if period is None:
        return array
    weights = xr.DataArray(PERIODS[period] / PERIODS[period].sum(), dims=period)
    # NaN in any period leaves no mean: a cell has all of its drivers or none
    return (array * weights).sum(period, skipna=False).rename(array.name)


def _same(one: xr.DataArray, other: xr.DataArray) -> bool:
    """Whether two coordinates are equal, numbers to the precision of four bytes."""
    here, there = one.values, other.values
    if here.dtype.kind in "iuf" and there.dtype.kind in "iuf":
        return bool(np.allclose(here, there, rtol=1e-6, atol=1e-6, equal_nan=True))
    return bool(np.array_equal(here.astype(str), there.astype(str)))
