"""Variables: every driver and output, declared once with its name, unit, limits and CF name.

What a file calls ``tsl`` or ``MAT`` and gives in kelvin arrives in a model as ``temperature`` in degC, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
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
        Variable("litter_carbon_to_nitrogen", "1", "carbon to nitrogen mass ratio of litter", 1, 1000),
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
        Variable("water_potential", "MPa", "soil water potential", -1000, 0, aliases=("psi", "matric_potential")),
        Variable("historic_temperature", "degC", "soil temperature that microbes are used to, long-term mean", -60, 60),
        Variable("moisture_scalar", "1", "response of microbial activity to moisture, from another model", 0, 1),
        Variable("precipitation", "mm d-1", "precipitation", 0, 2000, aliases=("precip", "PPT")),
        Variable(
            "potential_evapotranspiration", "mm d-1", "potential evapotranspiration", 0, 50, aliases=("pet", "PET")
        ),
        Variable("substrate_carbon_to_nitrogen", "1", "carbon to nitrogen mass ratio of the substrate", 1, 2000),
        Variable("substrate_carbon_to_phosphorus", "1", "carbon to phosphorus mass ratio of the substrate", 5, 50000),
        Variable(
            "mineral_nitrogen", "1", "mineral nitrogen that microbes can take up per carbon they take up, by mass", 0, 1
        ),
        Variable(
            "mineral_phosphorus",
            "1",
            "mineral phosphorus that microbes can take up per carbon they take up, by mass",
            0,
            1,
        ),
        Variable("enzyme_carbon_to_nitrogen", "1", "activity of C- over that of N-acquiring enzymes", 0.01, 100),
        Variable("enzyme_carbon_to_phosphorus", "1", "activity of C- over that of P-acquiring enzymes", 0.01, 100),
        Variable("substrate_degree_of_reduction", "1", "electrons per carbon atom of the substrate", 1, 8),
        Variable("polymer_share", "1", "share of the substrate that must be depolymerised before uptake", 0, 1),
        Variable("active_fraction", "1", "share of the microbial biomass that is active", 0.01, 1),
        Variable("oligotroph_share", "1", "share of oligotrophs (K-strategists) in the uptake of carbon", 0, 1),
        Variable("fungal_to_bacterial", "1", "fungal to bacterial biomass carbon", 0, 1000),
        Variable("antagonism", "1", "share of encounters between microbes that are antagonistic", 0, 1),
        Variable("facilitation", "1", "share of enzymes that others make for a microbe", 0, 1),
        # no cell is larger than the Earth
        Variable("land_area", "m2", "area of land in the cell", 0, 5.2e14),
        Variable("vegetated_area", "m2", "area of vegetated land in the cell", 0, 5.2e14),
    )
}

OUTPUTS = {
    variable.name: variable
    for variable in (
        Variable("soil_carbon", "gC m-2", "carbon of all pools, litter included", 0),
        Variable("litter_carbon", "gC m-2", "carbon of litter pools", 0),
        Variable("microbial_carbon", "gC m-2", "carbon of living microbes", 0),
        Variable("soil_nitrogen", "gN m-2", "nitrogen of all pools, litter included", 0),
        Variable("nitrogen_input", "gN m-2 d-1", "nitrogen entering litter and soil", 0),
        Variable("nitrogen_leaching", "gN m-2 d-1", "nitrogen leached", 0),
        Variable("stock_at_year_start", "gC m-2", "stock at the start of the repeating year", 0),
        Variable("stock_at_start", "gC m-2", "stock at the start of the run", 0),
        Variable("record_length", "d", "length of the record", 0),
        Variable("closure", "1", "carbon lost or found over the run, relative to stock or input", 0),
        Variable("stock_at_end", "gC m-2", "stock at the end of the record", 0),
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
        Variable("flux_rate", "gC m-2 d-1", "one-way flux of the element that flux_currency names", 0),
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
        Variable("beyond_evidence", "1", "drivers outside of the range that a scheme's evidence covers (bits)", 0),
        Variable("reference_depth", "m", "depth of soil the stocks stand for", 0),
    )
}
"""What the software gives back; the pools of a model add themselves under their own names."""

_LOOKS_LIKE = (
    # (unit of the variable, test on the lowest and highest value in that unit, what the mistake looks like)
    ("degC", lambda low, high: low > 150, "it looks like kelvin; set its units to 'K'"),
    ("degC", lambda low, high: high < -150, "it looks like degrees Celsius; set its units to 'degC'"),
    ("1", lambda low, high: 1 < high <= 100, "it looks like percent; set its units to '%'"),
    ("m3 m-3", lambda low, high: 1 < high <= 100, "it looks like percent; set its units to '%'"),
    (
        "gC m-2 d-1",
        lambda low, high: 50 < high <= 18250,
        "it looks like a total of the year; set its units to 'gC m-2 yr-1'",
    ),
    (
        "gC m-2 d-1",
        lambda low, high: high <= 0,
        "it looks like a flux counted from the soil upwards; carbon that enters the soil is positive here",
    ),
)
_NO_DATA_BEYOND = 990.0
"""Numbers larger than this, either way, are what files use for missing data (-999, -9999, 1e20)."""


def place_of(drivers: xr.Dataset) -> str:
    """What to call a dataset in a message: the file it was read from, or ``drivers``."""
    return str(drivers.encoding.get("source", "drivers"))


def find_driver(drivers: xr.Dataset, name: str) -> str | None:
    """Name under which the dataset holds a driver (its own or an alias), or None."""
    return next((n for n in (name, *DRIVERS[name].aliases) if n in drivers), None)


def chosen_drivers(drivers: xr.Dataset, needs: Iterable[str | tuple[str, ...]]) -> list[str]:
    """Names of the drivers that meet a model's needs.

    Parameters
    ----------
    drivers : xr.Dataset
        Holds them under their canonical names or aliases.
    needs : iterable of str or tuple of str
        Canonical names; of a tuple the first that is present is taken.

    Returns
    -------
    list of str
        Canonical names, one a need.

    Raises
    ------
    InputError
        Naming all that are absent.
    """
    names, absent = [], []
    for need in needs:
        alternatives = (need,) if isinstance(need, str) else need
        present = [name for name in alternatives if find_driver(drivers, name)]
        names += present[:1]
        if not present:
            absent.append(" or ".join(_described(name) for name in alternatives))
    if absent:
        raise InputError(
            f"{place_of(drivers)} lacks the variable{'s' if len(absent) > 1 else ''} {'; '.join(absent)}. "
            f"It has: {', '.join(map(str, drivers.data_vars)) or 'none'}."
        )
    return names


def _described(name: str) -> str:
    """A driver for somebody who lacks it: its names, its meaning, its unit."""
    variable = DRIVERS[name]
    aliases = f", or as {', '.join(repr(a) for a in variable.aliases)}" if variable.aliases else ""
    return f"{name!r} ({variable.long_name}, in {variable.unit!r}{aliases})"


def read_driver(drivers: xr.Dataset, name: str, place: str | None = None) -> xr.DataArray:
    """A driver in its canonical unit, checked.

    Parameters
    ----------
    drivers : xr.Dataset
        Holds the driver under its canonical name or an alias, with a ``units`` attribute. NaN means no data.
    name : str
        Canonical name, a key of `DRIVERS`.
    place : str, optional
        What to call the dataset in a message: the file it was read from by default.

    Returns
    -------
    xr.DataArray
        float64, canonical unit, NaN kept.

    Raises
    ------
    InputError
        When it is absent, has no or an impossible unit, or holds values outside the limits.
    """
    variable, place = DRIVERS[name], place or place_of(drivers)
    found = find_driver(drivers, name)
    if found is None:
        raise InputError(
            f"{place} lacks the variable {_described(name)}. "
            f"It has: {', '.join(map(str, drivers.data_vars)) or 'none'}."
        )
    data = drivers[found]
    where = f"{place}, variable {found!r}"
    refuse_what_is_no_number(drivers, found, place)
    unit = str(data.attrs.get("units", "")).strip()
    if not unit:
        raise InputError(
            f"{where}: has no units attribute. Say which unit it is in, for example "
            f"ds[{found!r}].attrs['units'] = {variable.unit!r}."
        )
    try:
        values = np.asarray(convert(np.asarray(data.values, dtype=float), unit, variable.unit))
    except InputError as error:
        raise InputError(f"{where}: {error} Expected {variable.unit!r} or a unit that converts to it.") from error
    bad = ~np.isnan(values) & ~((values >= variable.low) & (values <= variable.high))
    if bad.any():
        raise InputError(f"{where}: {_out_of_limits(data, values, bad, unit, variable)}")
    return data.copy(data=values).rename(name).assign_attrs(variable.attributes())


def refuse_what_is_no_number(drivers: xr.Dataset, found: str, place: str) -> None:
    """Raise `InputError` where a variable of a dataset holds text, dates or the like."""
    if drivers[found].dtype.kind not in "iuf":
        raise InputError(f"{place}, variable {found!r}: holds {drivers[found].dtype} values, not numbers.")


def _out_of_limits(data: xr.DataArray, values: np.ndarray, bad: np.ndarray, unit: str, variable: Variable) -> str:
    """What is wrong with values outside the limits: how many, the first, where it is, and what it looks like."""
    first = tuple(np.argwhere(bad)[0])
    at = ", ".join(f"{d}={data[d].values[i] if d in data.coords else i}" for d, i in zip(data.dims, first, strict=True))
    limits = f"{variable.low:g} to {variable.high:g}" + ("" if variable.unit == "1" else f" {variable.unit}")
    text = f"{int(bad.sum())} values outside {limits}, the first {values[first]:g}{' at ' + at if at else ''}."
    original, finite = float(data.values[first]), values[np.isfinite(values)]
    for kind, test, likeness in _LOOKS_LIKE:
        if kind == variable.unit and finite.size and test(finite.min(), finite.max()):
            return f"{text} With units {unit!r} {likeness}."
    if not np.isfinite(original) or abs(original) > _NO_DATA_BEYOND:
        return f"{text} If {original:g} stands for missing data, say so with the attribute _FillValue, or put NaN."
    return text
