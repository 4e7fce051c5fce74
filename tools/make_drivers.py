"""Make the embedded global grid of soil, vegetation, production and litter quality from its originals.

Run from the project's root, before `make_soil_climate.py`, which needs the grid::

    SOILCUE_DATA=/path/to/data python tools/make_drivers.py [--output FILE]

The grid is regular, 2.5 x 2.5 degrees. The originals stand on the land cells of the CLM grid (1.9 x 2.5 degrees) and
are regridded conservatively. The same originals always give the same values.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from catalogue import PACKAGE_DATA, original
from grid_file import write_grid

from soilcue.core.references import bibliography
from soilcue.data.driver_sets import CITATIONS

EARTH_RADIUS = 6.371e6  # m, as in the cell areas of the testbed
DAYS_PER_YEAR = 365  # the testbed's calendar has no leap days
STEP = 2.5
LATITUDES = np.arange(-90 + STEP / 2, 90, STEP)
LONGITUDES = np.arange(-180 + STEP / 2, 180, STEP)
SOURCE_STEP_LAT, SOURCE_STEP_LON = 180 / 95, 2.5  # CLM grid: 96 latitudes, poles included, 144 longitudes

# Source cells below this net primary production (gC m-2 yr-1) are bare for our purpose: they are deserts whose
# production the vegetation model rounds to almost nothing.
LEAST_PRODUCTION = 5.0

BIOMES = {
    0: "ocean",
    1: "evergreen_needleleaf_forest",
    2: "evergreen_broadleaf_forest",
    3: "deciduous_needleleaf_forest",
    4: "deciduous_broadleaf_forest",
    5: "mixed_forest",
    6: "closed_shrubland",
    7: "open_shrubland",
    8: "woody_savanna",
    9: "savanna",
    10: "grassland",
    11: "permanent_wetland",
    12: "cropland",
    13: "urban",
    14: "cropland_natural_vegetation_mosaic",
    15: "permanent_snow_and_ice",
    16: "barren_or_sparsely_vegetated",
    17: "ice_or_water",
    18: "tundra",
}

# Sites of the LIDET table whose litter stands for each plant cover.
LITTER_SITES = {
    "boreal needleleaf": ("BNZ",),
    "temperate needleleaf": ("AND",),
    "deciduous broadleaf": ("HBR", "HFR", "CWT"),
    "tropical broadleaf": ("LUQ",),
    "grass and shrub": ("CDR", "SGS", "KNZ", "JRN", "SEV"),
    "tundra": ("ARC", "NWT"),
}

# Share of the litter carbon of an IGBP class that comes from each plant cover. Tree shares of the savannas are the
# middle of the canopy cover that defines the class: 30-60 % (woody savanna) and 10-30 % (savanna).
LITTER_OF_BIOME = {
    1: {"boreal needleleaf": 0.5, "temperate needleleaf": 0.5},
    2: {"tropical broadleaf": 1.0},
    3: {"boreal needleleaf": 1.0},
    4: {"deciduous broadleaf": 1.0},
    5: {"boreal needleleaf": 0.25, "temperate needleleaf": 0.25, "deciduous broadleaf": 0.5},
    6: {"grass and shrub": 1.0},
    7: {"grass and shrub": 1.0},
    8: {"tropical broadleaf": 0.45, "grass and shrub": 0.55},
    9: {"tropical broadleaf": 0.2, "grass and shrub": 0.8},
    10: {"grass and shrub": 1.0},
    12: {"grass and shrub": 1.0},
    14: {"grass and shrub": 1.0},
    16: {"grass and shrub": 1.0},
    18: {"tundra": 1.0},
}
LITTER_CARBON = 0.5  # g carbon per g litter, the fraction behind the C:N column of the LIDET table
# Carbon in lignin: 0.65 for the elemental composition of softwood lignin, 0.63 for hardwood lignin (Björkman and
# Person 1957); the middle.
LIGNIN_CARBON = 0.64

ASSUMED_PH = 6.0
ASSUMED_BULK_DENSITY = 1000.0

TESTBED = (
    "Biogeochemical testbed, wwieder/biogeochem_testbed, commit 27ae1a0 (Wieder et al. 2018, Global Change Biology 24, "
    "1563-1579, doi:10.1111/gcb.13979)"
)
LITTERFALL = (
    "Litterfall of Li et al. 2019 as distributed with Millennial V2, rabramoff/Millennial, commit 859f977, "
    "R/analysis/LitterNPP_Li2019.RData"
)
LIDET = "LTER site table of MIMICS, wwieder/MIMICS, commit 2b71740 (Wieder et al. 2015, doi:10.5194/gmd-8-1789-2015)"
MIT = "MIT"


def overlap(low: np.ndarray, high: np.ndarray, target_low: np.ndarray, target_high: np.ndarray) -> np.ndarray:
    """Share of each source interval that lies in each target interval, shape (source, target)."""
    shared = np.minimum(high[:, None], target_high) - np.maximum(low[:, None], target_low)
    share = shared / (high - low)[:, None]
    # Edges that coincide differ in the last digits: without a threshold a cell would get a sliver of its neighbour.
    return np.where(share > 1e-9, share, 0)


def area_weights(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Share of the area of each source cell that lies in each target cell, shape (source, lat, lon); sums to one."""

    def sine(degrees: np.ndarray) -> np.ndarray:
        return np.sin(np.deg2rad(np.clip(degrees, -90, 90)))

    half = SOURCE_STEP_LAT / 2
    in_latitude = overlap(
        sine(latitude - half), sine(latitude + half), sine(LATITUDES - STEP / 2), sine(LATITUDES + STEP / 2)
    )
    east = (longitude + 180) % 360 - 180
    in_longitude = sum(
        overlap(
            east + turn - SOURCE_STEP_LON / 2,
            east + turn + SOURCE_STEP_LON / 2,
            LONGITUDES - STEP / 2,
            LONGITUDES + STEP / 2,
        )
        for turn in (-360, 0, 360)
    )
    weights = in_latitude[:, :, None] * in_longitude[:, None, :]
    if not np.allclose(weights.sum((1, 2)), 1, atol=1e-12):
        raise RuntimeError("the target grid does not cover every source cell")
    return weights


def read_testbed() -> pd.DataFrame:
    """Land cells of the testbed: position, area (m2), IGBP class, texture, porosity and production (gC m-2 yr-1)."""
    table = pd.read_csv(original("wieder_testbed_grid", "clean_testbed_grid_joined.csv"))
    # The file gives latitudes to 0.01 degrees; left so, neighbouring cells would overlap or leave gaps of 0.2 %.
    exact = np.round((table["lat"] + 90) / SOURCE_STEP_LAT) * SOURCE_STEP_LAT - 90
    if np.abs(exact - table["lat"]).max() > 0.006:
        raise RuntimeError("the testbed's latitudes are not those of the CLM grid")
    table["lat"] = exact
    texture = table[["sand", "clay", "silt"]].sum(axis=1)
    if not np.allclose(texture, 1, atol=1e-4):
        raise RuntimeError("sand, clay and silt of the testbed do not sum to one")
    return table


def mean_litterfall() -> np.ndarray:
    """Litterfall (gC m-2 yr-1) on the target grid: the mean of the 0.5 degree cells that have a value, else NaN."""
    path = original("li2019_litterfall", "litterfall_Li2019_0.5deg.nc")
    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        fine = dataset["litterfall"].sortby("lat").sortby("lon").load()
    blocks = fine.values.astype(float).reshape(72, 5, 144, 5)
    weight = np.cos(np.deg2rad(fine["lat"].values)).reshape(72, 5, 1, 1) * np.isfinite(blocks)
    total = np.where(np.isfinite(blocks), blocks, 0) * weight
    area = weight.sum((1, 3))
    return np.divide(total.sum((1, 3)), area, out=np.full(area.shape, np.nan), where=area > 0)


def litter_quality() -> pd.DataFrame:
    """Lignin:N and lignin share of litter carbon per IGBP class, mixed by carbon from the LIDET site table."""
    sites = pd.read_csv(original("msbio_lidet", "LIDET_LTER_SITE_1.csv")).set_index("Site")
    lignin = {cover: sites.loc[list(names), "LIG"].mean() for cover, names in LITTER_SITES.items()}
    nitrogen = {cover: sites.loc[list(names), "N"].mean() for cover, names in LITTER_SITES.items()}
    rows = {}
    for biome, shares in LITTER_OF_BIOME.items():
        lignin_percent = sum(share * lignin[cover] for cover, share in shares.items())
        nitrogen_percent = sum(share * nitrogen[cover] for cover, share in shares.items())
        rows[biome] = {
            "lignin_to_nitrogen": lignin_percent / nitrogen_percent,
            "litter_lignin": lignin_percent / 100 * LIGNIN_CARBON / LITTER_CARBON,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def make_drivers() -> xr.Dataset:
    """The driver grid, with attributes and encoding, ready to be written."""
    cells = read_testbed()
    area = cells["landarea_m2"].to_numpy()
    production = cells["npp_gC_m2_yr"].to_numpy()
    vegetated = production >= LEAST_PRODUCTION
    weights = area_weights(cells["lat"].to_numpy(), cells["lon"].to_numpy()) * area[:, None, None]

    land_area = weights.sum(0)
    vegetated_area = weights[vegetated].sum(0)
    has_drivers = vegetated_area > 0

    def vegetated_mean(values: np.ndarray) -> np.ndarray:
        total = np.tensordot(values[vegetated], weights[vegetated], 1)
        return np.divide(total, vegetated_area, out=np.full(total.shape, np.nan), where=has_drivers)

    annual_input = vegetated_mean(production)
    total_before = float((production * area).sum()) / 1e15
    total_after = float(np.nansum(annual_input * vegetated_area)) / 1e15

    classes = cells["igbp"].to_numpy()
    area_of = {
        biome: (
            weights[(classes == biome) & vegetated].sum(0),
            weights[classes == biome].sum(0),
        )
        for biome in BIOMES
    }
    numbers = np.array(list(area_of))
    biome = np.where(
        has_drivers,
        numbers[np.argmax([pair[0] for pair in area_of.values()], axis=0)],
        numbers[np.argmax([pair[1] for pair in area_of.values()], axis=0)],
    )

    quality = litter_quality()
    lignin_to_nitrogen = np.full(biome.shape, np.nan)
    litter_lignin = np.full(biome.shape, np.nan)
    for number, row in quality.iterrows():
        here = has_drivers & (biome == number)
        lignin_to_nitrogen[here] = row["lignin_to_nitrogen"]
        litter_lignin[here] = row["litter_lignin"]

    litterfall = mean_litterfall()
    above_ground = np.full(biome.shape, np.nan)
    ratios = {}
    for number in np.unique(biome[has_drivers]):
        here = has_drivers & (biome == number)
        both = here & np.isfinite(litterfall)
        ratio = float((litterfall * vegetated_area)[both].sum() / (annual_input * vegetated_area)[both].sum())
        ratios[int(number)] = ratio
        above_ground[here] = ratio
    usable = {number: ratio for number, ratio in ratios.items() if 0.1 < ratio < 0.9}
    everywhere = has_drivers & np.isfinite(litterfall) & np.isin(biome, list(usable))
    overall = float((litterfall * vegetated_area)[everywhere].sum() / (annual_input * vegetated_area)[everywhere].sum())
    replaced = sorted(set(ratios) - set(usable))
    above_ground[np.isin(biome, replaced) & has_drivers] = overall

    regridded = "area-weighted mean over the vegetated part of the CLM 1.9 x 2.5 degree cells under the cell"
    by_biome = "value of the dominant biome of the cell"
    constant = np.where(has_drivers, 1.0, np.nan)
    grid = ("lat", "lon")

    dataset = xr.Dataset(
        {
            "carbon_input": (
                grid,
                annual_input / DAYS_PER_YEAR,
                {
                    "units": "gC m-2 d-1",
                    "long_name": "plant carbon entering litter and soil, annual mean, per area of vegetated land",
                    "cell_methods": "area: mean where vegetation",
                    "source": f"{TESTBED}, net primary production of CASA-CNP, 1901, cnpflux_end_prespin_1901",
                    "licence": MIT,
                    "transformation": f"{regridded}; per year over {DAYS_PER_YEAR} days; source cells below "
                    f"{LEAST_PRODUCTION:g} gC m-2 yr-1 count as bare. Global total {total_before:.3f} PgC per year "
                    f"before, {total_after:.3f} after, as the sum of carbon_input x vegetated_area",
                    "assumed": "all net primary production becomes litter, evenly through the year: its seasonal shape "
                    "is not known",
                },
            ),
            "clay": (
                grid,
                vegetated_mean(cells["clay"].to_numpy()),
                {
                    "units": "1",
                    "long_name": "clay share of the mineral soil mass",
                    "source": f"{TESTBED}, gridinfo_soil_clm2.csv",
                    "licence": MIT,
                    "transformation": regridded,
                },
            ),
            "clay_silt": (
                grid,
                vegetated_mean((cells["clay"] + cells["silt"]).to_numpy()),
                {
                    "units": "1",
                    "long_name": "clay and silt share of the mineral soil mass",
                    "source": f"{TESTBED}, gridinfo_soil_clm2.csv",
                    "licence": MIT,
                    "transformation": regridded,
                },
            ),
            "porosity": (
                grid,
                vegetated_mean(cells["wsat"].to_numpy()),
                {
                    "units": "m3 m-3",
                    "long_name": "soil porosity (moisture at saturation)",
                    "standard_name": "soil_porosity",
                    "source": f"{TESTBED}, gridinfo_soil_clm2.csv, column wsat",
                    "licence": MIT,
                    "transformation": regridded,
                },
            ),
            "pH": (
                grid,
                ASSUMED_PH * constant,
                {
                    "units": "1",
                    "long_name": "soil pH",
                    "source": "none: one number everywhere",
                    "licence": "not needed",
                    "transformation": "none",
                    "assumed": "no openly licensed map was at hand. 6.0 lies between 5.6, the median over boxes of "
                    "10 x 10 degrees of the pH of 0 to 0.3 m in the ISRaD profiles (mostly forests), and 7, the value "
                    "of Millennial's own tutorial",
                },
            ),
            "bulk_density": (
                grid,
                ASSUMED_BULK_DENSITY * constant,
                {
                    "units": "kg m-3",
                    "long_name": "dry bulk density of soil",
                    "source": "none: one number everywhere",
                    "licence": "not needed",
                    "transformation": "none",
                    "assumed": "no openly licensed map was at hand. 1000 is the value of Millennial's own tutorial; "
                    "the median over boxes of 10 x 10 degrees of the ISRaD profiles outside peat is 1040 (0 to 1 m)",
                },
            ),
            "lignin_to_nitrogen": (
                grid,
                lignin_to_nitrogen,
                {
                    "units": "1",
                    "long_name": "lignin to nitrogen mass ratio of litter",
                    "source": LIDET,
                    "licence": MIT,
                    "transformation": f"{by_biome}. Lignin and nitrogen (percent of dry mass) of the table's sites "
                    "were averaged by plant cover ("
                    + "; ".join(f"{cover}: {', '.join(names)}" for cover, names in LITTER_SITES.items())
                    + "), mixed by the shares of plant covers in the class, then divided",
                    "assumed": "leaf litter stands for all litter: wood and roots carry no quality of their own. "
                    "Shares of plant covers: "
                    + "; ".join(
                        f"{BIOMES[number]}: " + ", ".join(f"{share:g} {cover}" for cover, share in shares.items())
                        for number, shares in LITTER_OF_BIOME.items()
                    ),
                },
            ),
            "litter_lignin": (
                grid,
                litter_lignin,
                {
                    "units": "1",
                    "long_name": "share of litter carbon that is lignin",
                    "source": LIDET,
                    "licence": MIT,
                    "transformation": f"{by_biome}; lignin per dry mass times {LIGNIN_CARBON:g} g carbon per g lignin "
                    f"over {LITTER_CARBON:g} g carbon per g litter",
                    "assumed": "carbon in lignin is the middle of the elemental compositions of hardwood (0.63) and "
                    "softwood (0.65) lignin, Björkman and Person 1957; otherwise as lignin_to_nitrogen",
                },
            ),
            "above_ground_fraction": (
                grid,
                above_ground,
                {
                    "units": "1",
                    "long_name": "share of the carbon input that arrives above ground",
                    "source": f"{LITTERFALL}; {TESTBED}",
                    "licence": MIT,
                    "transformation": f"{by_biome}: sum of litterfall x area over sum of net primary production x area "
                    "over the cells of the biome that have both: "
                    + "; ".join(f"{BIOMES[number]} {ratio:.3f}" for number, ratio in ratios.items()),
                    "assumed": (
                        "outside 0.1 to 0.9, where the two sources cannot both be right, the ratio of all other "
                        f"biomes ({overall:.3f}) was taken: " + ", ".join(BIOMES[number] for number in replaced)
                        if replaced
                        else "litterfall measures all carbon that arrives above ground"
                    ),
                },
            ),
            "biome": (
                grid,
                biome.astype(np.int8),
                {
                    "long_name": "IGBP land cover class, as in the testbed",
                    "flag_values": numbers.astype(np.int8),
                    "flag_meanings": " ".join(BIOMES.values()),
                    "source": f"{TESTBED}, gridinfo_igbpz.csv",
                    "licence": MIT,
                    "transformation": "class with the largest area in the cell; where there is vegetation, the largest "
                    "vegetated class",
                },
            ),
            "land_area": (
                grid,
                land_area,
                {
                    "units": "m2",
                    "long_name": "area of land in the cell",
                    "source": f"{TESTBED}, gridinfo_igbpz.csv",
                    "licence": MIT,
                    "transformation": "conservative: the area of each CLM cell is shared out by overlap. Total "
                    f"{area.sum() / 1e12:.3f} million km2 before, {land_area.sum() / 1e12:.3f} after",
                },
            ),
            "vegetated_area": (
                grid,
                vegetated_area,
                {
                    "units": "m2",
                    "long_name": "area of vegetated land in the cell: what the drivers describe",
                    "source": f"{TESTBED}, gridinfo_igbpz.csv and cnpflux_end_prespin_1901",
                    "licence": MIT,
                    "transformation": "as land_area, of the CLM cells that are not bare; the weight for global totals "
                    "and means",
                },
            ),
        },
        coords={
            "lat": ("lat", LATITUDES, {"units": "degrees_north", "standard_name": "latitude", "axis": "Y"}),
            "lon": ("lon", LONGITUDES, {"units": "degrees_east", "standard_name": "longitude", "axis": "X"}),
        },
        attrs={
            "title": "Soil, vegetation, production and litter quality of the globe, 2.5 x 2.5 degrees",
            "Conventions": "CF-1.10",
            "source": "\n".join((TESTBED, LITTERFALL, LIDET)),
            "references": "\n".join(bibliography(CITATIONS["global_drivers.nc"])),
            "licences": f"soil, vegetation, production, litter quality: {MIT}",
            "history": "made by tools/make_drivers.py from the originals; the same originals give the same values",
            "comment": "Coarse maps and modelled production of 1901: fit to compare models and to learn, not to be "
            "published as a map of soils. Land use, peat and permafrost are not described.",
        },
    )
    return dataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PACKAGE_DATA / "global_drivers.nc")
    output = parser.parse_args().output
    dataset = make_drivers()
    write_grid(dataset, output)
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB, {int(dataset['clay'].notnull().sum())} cells with drivers")
    for name in ("carbon_input", "land_area", "above_ground_fraction"):
        for key in ("transformation", "comment", "assumed"):
            if key in dataset[name].attrs:
                print(f"  {name}, {key}: {dataset[name].attrs[key]}")


if __name__ == "__main__":
    main()
