"""Make the embedded monthly soil temperature and moisture from their originals.

Run from the project's root, after `make_drivers.py`::

    SOILCUE_DATA=/path/to/data python tools/make_soil_climate.py [--output FILE]

The originals stand on the T30 grid (about 3.75 degrees) and are interpolated between land points to the vegetated cells
of the embedded `global_drivers.nc`, whose porosity scales the moisture. The result is a file of its own so that whoever
wants another climate replaces this file alone. The same originals always give the same values.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr
from catalogue import PACKAGE_DATA, original
from grid_file import write_grid

from soilcue.core.references import bibliography
from soilcue.data.driver_sets import CITATIONS

FOLDER = "speedy_land_climatology"
SOURCE_STEP = 3.75  # degrees, of the source's longitudes

# Saturation of the one soil type of the ECMWF land surface scheme behind the moisture fields, m3 m-3, and the thickness
# of its two upper layers, m (Viterbo and Beljaars 1995).
SATURATION_OF_SOURCE = 0.472
UPPER_LAYERS = (0.07, 0.21)

SOURCE = (
    "Boundary conditions of SpeedyWeather at T30, github.com/SpeedyWeather/SpeedyWeatherAssets, "
    "data/boundary_conditions, as published under MIT up to commit 86c1cb1 (the same bytes as at commit 99020f3)"
)
LICENCE = "MIT"
COPYRIGHT = "Copyright (c) 2025 The SpeedyWeatherAssets contributors"


def read_source(name: str) -> xr.Dataset:
    """One original, its values as stored (missing ones are 9.97e36)."""
    with xr.open_dataset(
        original(FOLDER, f"assets_{name}.nc"), engine="h5netcdf", decode_times=False, mask_and_scale=False
    ) as dataset:
        return dataset.load()


def land_fraction(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Share of land in each cell of the source, shape (lat, lon), from the land-sea mask of 0.1 degrees."""
    mask = read_source("land-sea_mask")["lsm"].transpose("lat", "lon")
    fine_latitude = np.asarray(mask["lat"], dtype=float)
    fine_longitude = np.asarray(mask["lon"], dtype=float)
    row = np.abs(fine_latitude[:, None] - latitude).argmin(1)
    column = np.round(fine_longitude / SOURCE_STEP).astype(int) % longitude.size
    rows = (row == np.arange(latitude.size)[:, None]) * np.cos(np.deg2rad(fine_latitude))
    columns = (column[:, None] == np.arange(longitude.size)).astype(float)
    return rows @ mask.values.astype(float) @ columns / np.outer(rows.sum(1), columns.sum(0))


def read_soil_climate() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Land points of the climatology.

    Returns
    -------
    latitude, longitude, land_fraction : np.ndarray
        Shape (point,).
    temperature : np.ndarray
        Shape (month, point), degC, top soil layer.
    relative_saturation : np.ndarray
        Shape (month, point), volumetric moisture of 0 to 0.28 m over saturation of the source's soil.

    Notes
    -----
    The moisture file does not hold what its labels say. Its 36 fields were written layer by layer (12 months of
    layer 1, then of layer 2, then of layer 3) and read back month by month (three layers of January, ...), so each
    variable repeats four seasons three times. The order is put right here; afterwards the moisture of the Indian
    monsoon peaks once a year, in August, and deeper layers damp the upper ones. `check_seasons` asserts it.
    """
    soil, surface = read_source("soil_moisture"), read_source("land_surface_temperature")
    latitude = np.asarray(surface["lat"], dtype=float)
    longitude = np.asarray(surface["lon"], dtype=float)
    if not (np.array_equal(soil["lat"], surface["lat"]) and np.array_equal(soil["lon"], surface["lon"])):
        raise RuntimeError("soil moisture and temperature of the source stand on different grids")
    kelvin = surface["lst"].values.astype(float)
    as_labelled = np.stack([soil[f"swl{layer}"].values for layer in (1, 2, 3)], axis=1).astype(float)
    layers = as_labelled.reshape(36, *kelvin.shape[1:]).reshape(3, *kelvin.shape)

    share = land_fraction(latitude, longitude)
    valid = (np.abs(kelvin) < 1e30).all(0) & (np.abs(layers) < 1e30).all((0, 1)) & (share > 0)
    check_seasons(kelvin, layers, valid, latitude, longitude)
    upper = (UPPER_LAYERS[0] * layers[0] + UPPER_LAYERS[1] * layers[1]) / sum(UPPER_LAYERS)
    point_latitude, point_longitude = np.meshgrid(latitude, longitude, indexing="ij")
    return (
        point_latitude[valid],
        point_longitude[valid],
        share[valid],
        kelvin[:, valid] - 273.15,
        upper[:, valid] / SATURATION_OF_SOURCE,
    )


def check_seasons(
    kelvin: np.ndarray, layers: np.ndarray, valid: np.ndarray, latitude: np.ndarray, longitude: np.ndarray
) -> None:
    """Stop unless temperature (month, lat, lon) and re-ordered moisture (layer, month, lat, lon) have known seasons."""

    def peak(field: np.ndarray, lat: float, lon: float) -> int:
        row, column = np.abs(latitude - lat).argmin(), np.abs(longitude - lon).argmin()
        return int(field[:, row, column].argmax()) + 1

    warmest = {"Siberia": peak(kelvin, 62, 130), "Australia": peak(kelvin, -24, 135)}
    if warmest != {"Siberia": 7, "Australia": 1}:
        raise RuntimeError(f"soil temperature is highest in unexpected months: {warmest}")
    wettest = {"India": peak(layers[0], 20, 78), "Sahel": peak(layers[0], 12, 5), "Zambia": peak(layers[0], -15, 30)}
    if wettest != {"India": 8, "Sahel": 8, "Zambia": 2}:
        raise RuntimeError(f"soil moisture is highest in unexpected months: {wettest}")
    ranges = [float(np.median(np.ptp(layer[:, valid], axis=0))) for layer in layers]
    if not ranges[0] > ranges[1] > ranges[2]:
        raise RuntimeError(f"the yearly range of soil moisture does not shrink with depth: {ranges}")


def interpolation_weights(
    latitude: np.ndarray, longitude: np.ndarray, share: np.ndarray, lat: np.ndarray, lon: np.ndarray
) -> np.ndarray:
    """Weights of the land points for each target cell, shape (lat, lon, point).

    A Gaussian of the distance on the sphere, its standard deviation half the spacing of the source at the equator,
    times the land fraction of the point, so that a point that is nearly all sea hardly counts.
    """
    spread = np.deg2rad(SOURCE_STEP / 2)

    def unit_vectors(north: np.ndarray, east: np.ndarray) -> np.ndarray:
        north, east = np.deg2rad(north), np.deg2rad(east)
        return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1)

    cosine = unit_vectors(*np.meshgrid(lat, lon, indexing="ij")) @ unit_vectors(latitude, longitude).T
    exponent = -0.5 * (np.arccos(np.clip(cosine, -1, 1)) / spread) ** 2 + np.log(share)
    # Shifted so that the largest is zero: an island far from every land point still gets its nearest ones.
    weights = np.exp(exponent - exponent.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def make_soil_climate() -> xr.Dataset:
    """The soil climate of the vegetated cells, with attributes, ready to be written."""
    with xr.open_dataset(PACKAGE_DATA / "global_drivers.nc", engine="h5netcdf") as embedded:
        grid = embedded[["porosity"]].load()
    porosity = grid["porosity"].values.astype(float)
    has_drivers = np.isfinite(porosity)

    latitude, longitude, share, temperature_points, saturation_points = read_soil_climate()
    weights = interpolation_weights(latitude, longitude, share, grid["lat"].values, grid["lon"].values)
    temperature = np.where(has_drivers, np.moveaxis(weights @ temperature_points.T, -1, 0), np.nan)
    saturation = np.where(has_drivers, np.moveaxis(weights @ saturation_points.T, -1, 0), np.nan)
    moisture = saturation * porosity
    would_exceed = int((saturation * SATURATION_OF_SOURCE >= porosity)[:, has_drivers].any(0).sum())
    if not (moisture[:, has_drivers] < porosity[has_drivers]).all():
        raise RuntimeError("soil moisture reaches the porosity")

    monthly = ("month", "lat", "lon")
    return xr.Dataset(
        {
            "temperature": (
                monthly,
                temperature.round(2),
                {
                    "units": "degC",
                    "long_name": "soil temperature, mean of the month",
                    "standard_name": "soil_temperature",
                    "cell_methods": "month: mean",
                    "source": f"{SOURCE}/land_surface_temperature.nc and land-sea_mask.nc",
                    "licence": LICENCE,
                    "transformation": "kelvin minus 273.15; mean of the land points around the cell's centre, weighted "
                    "with a Gaussian of distance (standard deviation 1.875 degrees of arc) times the land fraction of "
                    "the point; no correction for height",
                    "assumed": "the top soil layer (0 to 0.07 m) of the source stands for the soil column",
                },
            ),
            "moisture": (
                monthly,
                moisture.round(4),
                {
                    "units": "m3 m-3",
                    "long_name": "volumetric soil moisture, mean of the month",
                    "standard_name": "volume_fraction_of_condensed_water_in_soil",
                    "cell_methods": "month: mean",
                    "source": f"{SOURCE}/soil_moisture.nc and land-sea_mask.nc; porosity of global_drivers.nc",
                    "licence": LICENCE,
                    "transformation": "the 36 fields of the file are in another order than their labels say (twelve "
                    "months of layer 1, then of layers 2 and 3) and were put right; mean of layers 1 and 2 weighted by "
                    "thickness (0 to 0.07 and 0.07 to 0.28 m); divided by the saturation of the source's one soil type "
                    f"({SATURATION_OF_SOURCE} m3 m-3, Viterbo and Beljaars 1995, J. Climate 8, 2716-2748) and "
                    "multiplied by the porosity here; interpolated as temperature",
                    "comment": f"without the scaling {would_exceed} cells would reach or exceed their porosity in some "
                    "month; with it none does",
                    "assumed": "relative saturation, not volumetric moisture, carries over from one soil to another",
                },
            ),
        },
        coords={
            "month": (
                "month",
                np.arange(1, 13, dtype=np.int8),
                {"long_name": "month of the year", "units": "1"},
            ),
            "lat": grid["lat"],
            "lon": grid["lon"],
        },
        attrs={
            "title": "Soil temperature and moisture of the globe, 2.5 x 2.5 degrees, monthly",
            "Conventions": "CF-1.10",
            "source": SOURCE,
            "references": "\n".join(bibliography(CITATIONS["soil_climate.nc"])),
            "licences": f"temperature and moisture: {LICENCE}, {COPYRIGHT}",
            "history": "modified from the originals by tools/make_soil_climate.py; the same originals "
            "give the same values",
            "comment": "Soil climate of about 3.75 degrees from a climatology: mountains and coasts are smooth.",
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PACKAGE_DATA / "soil_climate.nc")
    output = parser.parse_args().output
    dataset = make_soil_climate()
    write_grid(dataset, output)
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB")
    print(f"  moisture: {dataset['moisture'].attrs['comment']}")


if __name__ == "__main__":
    main()
