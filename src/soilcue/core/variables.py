"""Variables: every driver and output, declared once with its name, unit, limits and CF name.

What a file calls ``tsl`` or ``MAT`` and gives in kelvin arrives in a model as ``temperature`` in degC, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilcue.core.errors import InputError
from soilcue.core.units import convert


@dataclass(frozen=True)
class Variable:
    """One quantity at the border of the software."""

    name: str
    unit: str
    long_name: str
    low: float = -np.inf
    high: float = np.inf
    standard_name: str = ""
    aliases: tuple[str, ...] = ()

    def attributes(self) -> dict[str, str]:
        """CF attributes for a file."""
        attributes = {"units": self.unit, "long_name": self.long_name}
        if self.standard_name:
            attributes["standard_name"] = self.standard_name
        return attributes


DRIVERS = {
    variable.name: variable
    for variable in (
        Variable(
            "temperature", "degC", "soil temperature", -60, 60, "soil_temperature", ("tsl", "tsoi", "MAT", "TSOI")
        ),
        Variable(
            "moisture",
            "m3 m-3",
            "volumetric soil moisture",
            0,
            1,
            "volume_fraction_of_condensed_water_in_soil",
            ("theta", "swc", "soil_moisture"),
        ),
        Variable(
            "carbon_input",
            "gC m-2 d-1",
            "plant carbon entering litter and soil",
            0,
            50,
            aliases=("litter_input", "npp", "NPP"),
        ),
        Variable("clay", "1", "clay share of soil mass", 0, 1),
        Variable("clay_silt", "1", "clay and silt share of soil mass", 0, 1),
        Variable("porosity", "m3 m-3", "soil porosity", 0, 1, "soil_porosity"),
        Variable("pH", "1", "soil pH", 2, 11),
        Variable("bulk_density", "kg m-3", "dry bulk density of soil", 20, 2700),
        Variable("lignin_to_nitrogen", "1", "lignin to nitrogen mass ratio of litter", 0, 200, aliases=("lig_N",)),
        Variable("litter_lignin", "1", "share of litter carbon that is lignin", 0, 1),
        Variable("metabolic_fraction", "1", "share of litter that is metabolic", 0, 1, aliases=("fMET",)),
        Variable("structural_lignin", "1", "share of structural litter carbon that is lignin", 0, 1),
        Variable("above_ground_fraction", "1", "share of the carbon input that arrives above ground", 0, 1),
        Variable(
            "annual_carbon_input",
            "gC m-2 yr-1",
            "plant carbon entering litter and soil, long-term mean of a year",
            0,
            18250,
            aliases=("annual_npp",),
        ),
    )
}

OUTPUTS = {
    variable.name: variable
    for variable in (
        Variable("soil_carbon", "gC m-2", "carbon of all pools, litter included", 0),
        Variable("litter_carbon", "gC m-2", "carbon of litter pools", 0),
        Variable("microbial_carbon", "gC m-2", "carbon of living microbes", 0),
        Variable("stock_at_year_start", "gC m-2", "stock at the start of the repeating year", 0),
        Variable("carbon_input", "gC m-2 d-1", "carbon entering litter and soil", 0),
        Variable("respiration", "gC m-2 d-1", "heterotrophic respiration R", 0),
        Variable("leaching", "gC m-2 d-1", "carbon leached", 0),
        Variable("gross_decomposition", "gC m-2 d-1", "gross decomposition D under each rule, litter counted", 0),
        Variable(
            "gross_decomposition_without_litter",
            "gC m-2 d-1",
            "gross decomposition D under each rule, fluxes out of litter left out",
            0,
        ),
        Variable(
            "respiration_without_litter",
            "gC m-2 d-1",
            "heterotrophic respiration R, fluxes out of litter left out",
            0,
        ),
        Variable("community_uptake", "gC m-2 d-1", "uptake U of all living pools", 0),
        Variable("community_respiration", "gC m-2 d-1", "respiration R of all living pools", 0),
        Variable("community_exudation", "gC m-2 d-1", "exudation EX of all living pools", 0),
        Variable("community_mortality", "gC m-2 d-1", "mortality MD of all living pools", 0),
        Variable("population_uptake", "gC m-2 d-1", "uptake U of each living pool", 0),
        Variable("population_respiration", "gC m-2 d-1", "respiration R of each living pool", 0),
        Variable("population_exudation", "gC m-2 d-1", "exudation EX of each living pool", 0),
        Variable("population_mortality", "gC m-2 d-1", "mortality MD of each living pool", 0),
        Variable("uptake", "gC m-2 d-1", "uptake U of all living pools", 0),
        Variable("growth", "gC m-2 d-1", "growth G = U - R - EX of all living pools"),
        Variable("exudation", "gC m-2 d-1", "exudation EX of all living pools", 0),
        Variable("mortality", "gC m-2 d-1", "mortality MD of all living pools", 0),
        Variable("flux_rate", "gC m-2 d-1", "one-way carbon flux", 0),
        Variable("diagnosed_cue", "1", "diagnosed CUE = 1 - R/D, litter counted", high=1),
        Variable("diagnosed_cue_without_litter", "1", "diagnosed CUE = 1 - R/D, fluxes out of litter left out", high=1),
        Variable("mean_passes", "1", "mean number of counted passes of a carbon atom, N = D/R", 0),
        Variable("cue_community", "1", "CUE_C = (U - R - EX) / U of all living pools", high=1),
        Variable("cue_population", "1", "CUE_P = (U - R - EX) / U of each living pool", high=1),
        Variable("cue_ecosystem", "1", "CUE_E = (U - R - EX - MD) / U, zero at a steady state", high=1),
        Variable("cohort_biomass", "1", "share of carbon taken up at one moment that is in biomass", 0, 1),
        Variable("cohort_biomass_or_residues", "1", "share of carbon taken up at one moment that is in any pool", 0, 1),
        Variable("residual", "1", "largest imbalance of a pool, relative", 0),
        Variable("newton_steps", "1", "Newton steps (years under seasonal drivers)", 0),
        Variable("largest_eigenvalue", "d-1", "largest real part of the eigenvalues of the Jacobian"),
        Variable("status", "1", "what became of the cell", 0),
        Variable("missing_populations", "1", "populations that die out (bits, in the order of 'population')", 0),
        Variable("crossed_limits", "1", "limits of the model crossed (bits)", 0),
        Variable("reference_depth", "m", "depth of soil the stocks stand for", 0),
    )
}
"""What the software gives back; the pools of a model add themselves under their own names."""

_LOOKS_LIKE = (
    # (variable unit, test on the largest finite value, what the mistake looks like)
    ("degC", lambda low, high: low > 150, "it looks like kelvin; set its units to 'K'"),
    ("1", lambda low, high: 1 < high <= 100, "it looks like percent; set its units to '%'"),
    ("m3 m-3", lambda low, high: 1 < high <= 100, "it looks like percent; set its units to '%'"),
)


def find_driver(drivers: xr.Dataset, name: str) -> str | None:
    """Name under which the dataset holds a driver (its own or an alias), or None."""
    return next((n for n in (name, *DRIVERS[name].aliases) if n in drivers), None)


def read_driver(drivers: xr.Dataset, name: str, place: str = "drivers") -> xr.DataArray:
    """A driver in its canonical unit, checked.

    Parameters
    ----------
    drivers : xr.Dataset
        Holds the driver under its canonical name or an alias, with a ``units`` attribute. NaN means no data.
    name : str
        Canonical name, a key of `DRIVERS`.
    place : str
        What to call the dataset in a message (a file name).

    Returns
    -------
    xr.DataArray
        float64, canonical unit, NaN kept.

    Raises
    ------
    InputError
        When it is absent, has no or an impossible unit, or holds values outside the limits.
    """
    variable = DRIVERS[name]
    found = find_driver(drivers, name)
    if found is None:
        allowed = f" (or as {', '.join(repr(a) for a in variable.aliases)})" if variable.aliases else ""
        raise InputError(
            f"{place} lacks the variable {name!r}{allowed}: {variable.long_name}, in {variable.unit}. "
            f"It has: {', '.join(map(str, drivers.data_vars)) or 'none'}."
        )
    data = drivers[found]
    where = f"{place}, variable {found!r}"
    if not np.issubdtype(data.dtype, np.number):
        raise InputError(f"{where}: holds {data.dtype} values, not numbers.")
    if not str(data.attrs.get("units", "")).strip():
        raise InputError(
            f"{where}: has no units attribute. Say which unit it is in, for example "
            f"ds[{found!r}].attrs['units'] = {variable.unit!r}."
        )
    unit = str(data.attrs["units"])
    try:
        values = np.asarray(convert(np.asarray(data.values, dtype=float), unit, variable.unit))
    except InputError as error:
        raise InputError(f"{where}: {error} Expected {variable.unit!r} or a unit that converts to it.") from error
    bad = ~np.isnan(values) & ~((values >= variable.low) & (values <= variable.high))
    if bad.any():
        first = np.argwhere(bad)[0]
        at = ", ".join(
            f"{d}={data[d].values[i] if d in data.coords else i}" for d, i in zip(data.dims, first, strict=True)
        )
        finite = values[np.isfinite(values)]
        guess = next(
            (
                f" With units {unit!r} {text}."
                for kind, test, text in _LOOKS_LIKE
                if kind == variable.unit and finite.size and test(finite.min(), finite.max())
            ),
            "",
        )
        raise InputError(
            f"{where}: {int(bad.sum())} values outside {variable.low:g} to {variable.high:g} {variable.unit}, "
            f"the first {values[tuple(first)]:g}{' at ' + at if at else ''}.{guess}"
        )
    return data.copy(data=values).rename(name).assign_attrs(variable.attributes())
