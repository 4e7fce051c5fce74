"""Random cells over the range where every model has an answer, with every driver and its unit."""

import numpy as np
import xarray as xr

UNITS = {
    "temperature": "degC",
    "moisture": "m3 m-3",
    "carbon_input": "gC m-2 d-1",
    "clay": "1",
    "clay_silt": "1",
    "porosity": "m3 m-3",
    "pH": "1",
    "bulk_density": "kg m-3",
    "metabolic_fraction": "1",
    "structural_lignin": "1",
    "above_ground_fraction": "1",
    "precipitation": "mm d-1",
    "potential_evapotranspiration": "mm d-1",
    "litter_carbon_to_nitrogen": "1",
    "water_potential": "MPa",
}


def with_units(values: dict) -> xr.Dataset:
    """Drivers as a Dataset along `site` (or a scalar), each in its canonical unit."""
    shaped = {name: np.asarray(value, float) for name, value in values.items()}
    return xr.Dataset(
        {name: ("site" if value.ndim else (), value, {"units": UNITS[name]}) for name, value in shaped.items()}
    )


def cells(number: int, seed: int = 0) -> xr.Dataset:
    """Cells of temperate to tropical soils with a carbon input of 100 to 1,200 gC m-2 yr-1."""
    random = np.random.default_rng(seed)

    def between(low, high):
        return random.uniform(low, high, number)

    clay, porosity = between(0.03, 0.6), between(0.35, 0.65)
    return with_units(
        {
            "temperature": between(2.0, 26.0),
            "moisture": porosity * between(0.2, 0.9),
            "carbon_input": between(100.0, 1200.0) / 365,
            "clay": clay,
            "clay_silt": clay + between(0.05, 0.35),
            "porosity": porosity,
            "pH": between(4.0, 8.0),
            "bulk_density": between(800.0, 1600.0),
            "metabolic_fraction": between(0.15, 0.7),
            "structural_lignin": between(0.1, 0.5),
            "above_ground_fraction": between(0.2, 0.8),
            "precipitation": between(0.5, 6.0),
            "potential_evapotranspiration": between(1.0, 4.0),
            "litter_carbon_to_nitrogen": between(25.0, 80.0),
            "water_potential": -(10 ** between(-2.0, 0.0)),
        }
    )


def one_cell(**changes: float) -> xr.Dataset:
    """One temperate cell, some of its drivers changed; scalar variables."""
    values = {
        "temperature": 12.0,
        "moisture": 0.25,
        "carbon_input": 500.0 / 365,
        "clay": 0.2,
        "clay_silt": 0.5,
        "porosity": 0.45,
        "pH": 6.0,
        "bulk_density": 1200.0,
        "metabolic_fraction": 0.4,
        "structural_lignin": 0.25,
        "above_ground_fraction": 0.5,
        "precipitation": 2.0,
        "potential_evapotranspiration": 2.5,
        "litter_carbon_to_nitrogen": 45.0,
        "water_potential": -0.1,
    }
    return with_units(values | changes)


def sites(changed: dict, **same: float) -> xr.Dataset:
    """The temperate cell many times along `site`, the `changed` drivers being arrays."""
    number = len(next(iter(changed.values())))
    values = {name: np.full(number, float(one_cell(**same)[name])) for name in UNITS}
    return with_units(values | changed)


def with_seasons(drivers: xr.Dataset, seed: int = 1) -> xr.Dataset:
    """Monthly temperature, moisture and carbon input around the given means, warm in July."""
    random = np.random.default_rng(seed)
    number = drivers.sizes["site"]
    season = xr.DataArray(np.cos(2 * np.pi * (np.arange(12) - 6) / 12), dims="month")

    def along(low, high):
        return xr.DataArray(random.uniform(low, high, number), dims="site")

    monthly = drivers.copy()
    for name, values in (
        ("temperature", drivers["temperature"] + along(2.0, 12.0) * season),
        ("moisture", drivers["moisture"] * (1 - along(0.0, 0.1) * season)),
        ("carbon_input", drivers["carbon_input"] * (1 + along(0.0, 0.6) * season)),
    ):
        monthly[name] = values.transpose("month", "site").assign_attrs(units=UNITS[name])
    return monthly
