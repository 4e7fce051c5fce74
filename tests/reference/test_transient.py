"""Runs through time against the peers' own codes, with the peers' own integrators and steps."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import soilcue as sc

MIMICS = {
    "litter_metabolic": "LITm",
    "litter_structural": "LITs",
    "microbes_r": "MICr",
    "microbes_k": "MICk",
    "som_physical": "SOMp",
    "som_chemical": "SOMc",
    "som_available": "SOMa",
}
MILLENNIAL = {
    "particulate": "POM",
    "dissolved": "LMWC",
    "aggregate": "AGG",
    "microbes": "MIC",
    "mineral_associated": "MAOM",
}

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def site(shared_reference):
    """The site Clay40_HighMet of the reverse Michaelis-Menten script: drivers and its start, gC m-2."""
    table = pd.read_csv(shared_reference / "soil-models" / "mimics_reverse2016_testsites_steady.csv")
    row = table.set_index("site").loc["Clay40_HighMet"]
    drivers = xr.Dataset(
        {
            "temperature": ((), row.MAT, {"units": "degC"}),
            "clay": ((), row.clay, {"units": "1"}),
            "carbon_input": ((), row.ANPP / 8760 * 24, {"units": "gC m-2 d-1"}),
            "annual_carbon_input": ((), float(row.ANPP), {"units": "gC m-2 yr-1"}),
            "metabolic_fraction": ((), row.fMET, {"units": "1"}),
        }
    )
    # mgC cm-3 over 20 cm
    start = xr.Dataset({ours: ((), row[theirs] * 200, {"units": "gC m-2"}) for ours, theirs in MIMICS.items()})
    return drivers, start


@pytest.mark.parametrize(
    ("experiment", "warming", "litter"), [("Control", 0, 1), ("Warm5", 5, 1), ("2.0xLitter", 0, 2)]
)
def test_twenty_years_of_mimics_with_hourly_euler_steps(shared_reference, site, experiment, warming, litter):
    drivers, start = site
    name = f"mimics_reverse2016_ts_Clay40_HighMet_{experiment}.csv"
    reference = pd.read_csv(shared_reference / "soil-models" / name)
    days = xr.date_range("2001-01-01", periods=7300, freq="D", calendar="noleap", use_cftime=True)
    changed = xr.DataArray(np.arange(7300) >= 3650, dims="time", coords={"time": days})
    forced = drivers.assign(
        temperature=(drivers["temperature"] + warming * changed).assign_attrs(units="degC"),
        carbon_input=(drivers["carbon_input"] * xr.where(changed, litter, 1)).assign_attrs(units="gC m-2 d-1"),
    )
    run = sc.model("mimics", "sulman2018").simulate(forced, start, method="euler", steps=24, output="period")
    ours = run["stock_at_end"].sel(pool=list(MIMICS)).values[reference["day"] - 1]
    # their pools are written with 15 digits
    np.testing.assert_allclose(ours, 200 * reference[list(MIMICS.values())], rtol=1e-10)


@pytest.mark.parametrize("begin", ["ones", "ss"])
def test_ten_years_of_millennial_with_daily_runge_kutta_steps(shared_reference, begin):
    folder = shared_reference / "soil-models"
    forcing = pd.read_csv(folder / "millennial_globalaverage_forcing.csv")
    reference = pd.read_csv(folder / f"millennial_MM_fit_tutorial_10y_from_{begin}.csv")
    drivers = xr.Dataset(
        {
            "temperature": ("day", forcing["forc_st"], {"units": "degC"}),
            "moisture": ("day", forcing["forc_sw"], {"units": "m3 m-3"}),
            "carbon_input": ("day", forcing["forc_npp"], {"units": "gC m-2 d-1"}),
            "porosity": ((), 0.6, {"units": "m3 m-3"}),
            "pH": ((), 7.0, {"units": "1"}),
            "bulk_density": ((), 1000.0, {"units": "kg m-3"}),
            "clay_silt": ((), 80.0, {"units": "%"}),
        }
    )
    first = reference.iloc[0]  # time 1 is the start; a step later is time 2
    start = xr.Dataset({ours: ((), first[theirs], {"units": "gC m-2"}) for ours, theirs in MILLENNIAL.items()})
    run = sc.model("millennial", "fit").simulate(drivers, start, 10, method="rk4", output="period")
    later = reference[reference["time"] > 1]
    ours = run["stock_at_end"].sel(pool=list(MILLENNIAL)).values[later["time"] - 2]
    np.testing.assert_allclose(ours, later[list(MILLENNIAL.values())], rtol=1e-10)
    respired = run["respiration"].cumsum("time").values[later["time"] - 2]
    np.testing.assert_allclose(respired, later["CO2"], rtol=1e-10)
