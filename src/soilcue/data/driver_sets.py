"""Driver sets: what soils feel, embedded or from a file, as one Dataset with canonical names and units."""

from __future__ import annotations

import os
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from soilcue.core.errors import InputError
from soilcue.core.files import read_netcdf

if TYPE_CHECKING:
    import xarray as xr

_DAYS_PER_YEAR = 365  # as in the MIMICS site script, 8,760 hours
_LITTER_CARBON = 0.5  # g carbon per g dry mass: halves production in the MIMICS site script, and behind its C:N column
_LIGNIN_CARBON = 0.64  # g carbon per g lignin: between hardwood and softwood lignin (Björkman and Person 1957)

# What to cite for each embedded file: keys of `soilcue.core.references`.
CITATIONS = {
    "global_drivers.nc": (
        "wieder2018",
        "testbed_code",
        "li2019",
        "abramoff2022",
        "millennial_code",
        "wieder2015",
        "mimics_code",
        "bjorkman1957",
    ),
    "soil_climate.nc": ("speedyweather_assets", "klower2024", "molteni2003", "kucharski2013", "viterbo1995"),
    "benchmark_sites.csv": ("wieder2015", "mimics_code", "bjorkman1957"),
    "observed_profiles.csv.gz": ("lawrence2020", "vonfromm2024", "hossain2015"),
    "coastlines.json": ("naturalearth",),
    "cue_records.csv.gz": ("brangari2025", "niedzwiecka2025", "chakrawal2020", "bolscher2016"),
}


def citations() -> tuple[str, ...]:
    """Keys of the references behind all embedded data, each once; `soilcue.core.references` prints them.

    A driver set carries its own share of them in its attribute ``citations``, separated by spaces.
    """
    return tuple(dict.fromkeys(key for keys in CITATIONS.values() for key in keys))


def drivers(source: str | os.PathLike[str] = "global") -> xr.Dataset:
    """Drivers for soil carbon models.

    Parameters
    ----------
    source : str or path
        ``"global"``: the embedded grid, 2.5 x 2.5 degrees, monthly soil temperature and moisture (dimensions month,
        lat, lon), everything else constant through the year; NaN where there is no vegetation. Rates are per area of
        vegetated land: weight with ``vegetated_area`` for global sums and means.
        ``"lter"``: the 14 LTER sites on which MIMICS was first tested, annual means (dimension site). What the
        published table lacks (moisture, pH, bulk density) is absent.
        A path: a NetCDF file of your own.

    Returns
    -------
    xr.Dataset
        In memory. Of the embedded sets every variable has canonical name and unit, ``source``, ``licence`` and, where
        a number was assumed, ``assumed``. A file is handed over as it is; models check names and units when they
        read it.

    Raises
    ------
    InputError
        When the source is neither a known set nor a file that can be read as NetCDF.

    References
    ----------
    Each embedded set lists its own in its attributes ``references`` (text) and ``citations`` (keys).
    """
    if source == "global":
        return _global_grid()
    if source == "lter":
        return _lter_sites()
    if not os.path.exists(source):
        raise InputError(
            f"{source}: there is no such file, and no driver set of that name. Driver sets are 'global' and 'lter'; "
            "anything else is taken as the path of a NetCDF file."
        )
    return read_netcdf(source)


def _global_grid() -> xr.Dataset:
    import xarray as xr

    names = ("global_drivers.nc", "soil_climate.nc")
    parts = []
    for name in names:
        with as_file(files("soilcue.data") / name) as path:
            parts.append(xr.load_dataset(path, engine="h5netcdf"))
    # The soil climate has a licence of its own, hence a file of its own; the two stand on the same cells.
    grid = xr.merge(reversed(parts), join="exact", compat="equals", combine_attrs="override")
    grid.attrs = {
        "title": "Global drivers for soil carbon models, 2.5 x 2.5 degrees, monthly",
        "Conventions": "CF-1.10",
    }
    for name in ("source", "references", "licences", "history", "comment"):
        grid.attrs[name] = "\n".join(part.attrs[name] for part in parts)
    grid.attrs["citations"] = " ".join(key for name in names for key in CITATIONS[name])
    return grid


def _lter_sites() -> xr.Dataset:
    import pandas as pd
    import xarray as xr

    with as_file(files("soilcue.data") / "benchmark_sites.csv") as path:
        table = pd.read_csv(path, comment="#")
    common = {
        "source": "LTER site table of MIMICS, wwieder/MIMICS, commit 2b71740 (Wieder et al. 2015, "
        "doi:10.5194/gmd-8-1789-2015)",
        "licence": "MIT",
    }

    def column(values: pd.Series, units: str, long_name: str, **more: str) -> tuple[str, object, dict[str, str]]:
        return "site", values.to_numpy(dtype=float), {"units": units, "long_name": long_name, **common, **more}

    return xr.Dataset(
        {
            "temperature": column(
                table["temperature"],
                "degC",
                "soil temperature, annual mean",
                standard_name="soil_temperature",
                assumed="mean annual temperature of the site stands for the soil",
            ),
            "carbon_input": column(
                table["above_ground_production"] * _LITTER_CARBON / _DAYS_PER_YEAR,
                "gC m-2 d-1",
                "plant carbon entering litter and soil, annual mean",
                transformation="above-ground production in g dry mass per year, halved, over 365 days",
                assumed="above-ground production is all of the carbon input",
            ),
            "clay": column(table["clay"] / 100, "1", "clay share of the mineral soil mass"),
            "clay_silt": column(1 - table["sand"] / 100, "1", "clay and silt share of the mineral soil mass"),
            "lignin_to_nitrogen": column(
                table["litter_lignin"] / table["litter_nitrogen"],
                "1",
                "lignin to nitrogen mass ratio of litter",
            ),
            "litter_lignin": column(
                table["litter_lignin"] / 100 * _LIGNIN_CARBON / _LITTER_CARBON,
                "1",
                "share of litter carbon that is lignin",
                transformation="percent of dry mass times 0.64 g carbon per g lignin over 0.5 g carbon per g litter",
                assumed="carbon in lignin is the middle of hardwood (0.63) and softwood (0.65) lignin",
            ),
        },
        coords={"site": ("site", table["site"].to_numpy(dtype=str), {"long_name": "LTER site"})},
        attrs={
            "title": "LTER sites on which MIMICS was first tested",
            "Conventions": "CF-1.10",
            "source": common["source"],
            "references": "Wieder et al. 2015, Geoscientific Model Development 8, 1789-1808, "
            "doi:10.5194/gmd-8-1789-2015",
            "licences": common["licence"],
            "citations": " ".join(CITATIONS["benchmark_sites.csv"]),
        },
    )
