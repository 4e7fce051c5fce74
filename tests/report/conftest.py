"""A browser; and a small invented atlas with all a real one has: sea, ice, flags, hatching, models without microbes."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

MODELS = ["century", "mimics", "millennial"]
RULES = ["uptake", "gross", "total"]
BIOMES = ["sea", "wet_forest", "dry_grassland", "tundra"]
STATUS = "settled no_drivers infeasible extinct unstable unconverged"


def invented_atlas() -> xr.Dataset:
    """Atlas of 18 by 36 cells: one continent from 60 S to 80 N, with an ice cap and a desert."""
    latitude = np.arange(-85.0, 90.0, 10.0)
    longitude = np.arange(-175.0, 180.0, 10.0)
    random = np.random.default_rng(7)
    far = abs(latitude)[:, None] + 0.0 * longitude
    land = (abs(longitude) < 100.0)[None, :] & ((latitude > -60.0) & (latitude < 85.0))[:, None]
    ice = land & (far > 70.0) & (longitude > 0.0)
    driven = land & ~ice
    temperature = 28.0 - 0.5 * far
    clay = random.uniform(0.05, 0.5, far.shape)
    century = 0.32 + 0.25 * clay
    mimics = 0.53 + 0.0005 * temperature + 0.02 * clay
    millennial = 0.19 - 0.012 * (temperature - 15.0)
    uptake = np.stack([century, mimics, millennial])
    gross = np.stack([century, mimics + 0.02, 1.0 - (1.0 - millennial) * 0.5])
    total = np.stack([century, mimics + 0.17, 1.0 - (1.0 - millennial) * 0.4])
    status = np.where(driven, 0, 1)[None].repeat(3, axis=0).astype("int8")
    status[2][driven & (millennial < 0.07)] = 2
    status[1][driven & (far > 74.0)] = 3
    settled = status == 0
    cue = np.where(settled[:, None], np.stack([uptake, gross, total], axis=1), np.nan)
    stock = np.where(settled, np.array([4_000.0, 6_000.0, 9_000.0])[:, None, None] * (0.5 + clay), np.nan)
    microbes = np.array([np.nan, 0.02, 0.01])[:, None, None]
    respiration = np.where(settled, 1.5, np.nan)
    taken_up = np.where(np.isnan(microbes), np.nan, respiration / (1.0 - cue[:, 0]))
    biome = np.where(driven, np.where(far < 25.0, 1, np.where(far < 55.0, 2, 3)), 0).astype("int8")
    scope = (np.where(driven & (far > 60.0), 1, 0) | np.where(driven & (clay > 0.45), 4, 0)).astype("int8")
    cells, of_model = ("lat", "lon"), ("model", "lat", "lon")
    masked = {name: np.where(driven, field, np.nan) for name, field in (("temperature", temperature), ("clay", clay))}
    return xr.Dataset(
        {
            "diagnosed_cue": (("model", "rule", *cells), cue),
            "diagnosed_cue_without_litter": (("model", "rule", *cells), cue - 0.04),
            "mean_passes": (("model", "rule", *cells), 1.0 / (1.0 - cue)),
            "soil_carbon": (of_model, stock),
            "reference_depth": (("model",), [0.2, 0.3, 1.0]),
            "litter_carbon": (of_model, stock * np.array([0.1, 0.2, 0.0])[:, None, None]),
            "microbial_carbon": (of_model, stock * microbes),
            "uptake": (of_model, taken_up),
            "respiration": (of_model, respiration),
            "growth": (of_model, taken_up - respiration),
            "status": (
                of_model,
                status,
                {
                    "flag_values": np.arange(6, dtype="int8"),
                    "flag_meanings": STATUS,
                    "comment": "settled: all is well\nno_drivers: nothing grows here\nextinct: microbes die out",
                },
            ),
            "crossed_limits": (
                of_model,
                np.where(status == 2, 2, 0).astype("int16"),
                {"comment": "millennial bit 0: too cold\nmillennial bit 1: CUE not between 0 and 1"},
            ),
            "outside_scope": (
                cells,
                scope,
                {"flag_masks": np.array([1, 2, 4], dtype="int8"), "flag_meanings": "permafrost wetland managed_land"},
            ),
            "temperature": (cells, masked["temperature"], {"units": "degC"}),
            "clay": (cells, masked["clay"], {"units": "1"}),
            "pH": (cells, np.where(driven, 6.0, np.nan), {"assumed": "6 everywhere, for want of an open map"}),
            "carbon_input": (cells, np.where(driven, 1.5, np.nan), {"units": "gC m-2 d-1"}),
            "biome": (
                cells,
                biome,
                {"flag_values": np.arange(len(BIOMES), dtype="int8"), "flag_meanings": " ".join(BIOMES)},
            ),
            "land_area": (cells, np.where(land, 1.2e12 * np.cos(np.deg2rad(far)), 0.0), {"units": "m2"}),
        },
        coords={"model": MODELS, "rule": RULES, "lat": latitude, "lon": longitude},
        attrs={
            "title": "Diagnosed CUE of an invented globe",
            "soilcue_version": "9.8.7",
            "parameter_sets": "century: orchidee-cnp\nmimics: sandbox2015\nmillennial: fit",
            "schemes": "the models' own",
            "season": "seasonal steady state",
            "assumptions": "the world is small\nclay is less than half & <b>not</b> more",
            "references": "Someone 2001, A Journal\nAnother 2002, Another Journal",
        },
    )


@pytest.fixture
def atlas() -> xr.Dataset:
    return invented_atlas()


@pytest.fixture
def profiles() -> dict[str, pd.DataFrame]:
    random = np.random.default_rng(11)
    stocks = pd.DataFrame(
        {
            "profile": [f"p{i}" for i in range(60)],
            "latitude": random.uniform(-50.0, 60.0, 60),
            "longitude": random.uniform(-95.0, 95.0, 60),
            "carbon_stock": random.lognormal(8.5, 0.6, 60),
        }
    )
    return dict.fromkeys(MODELS, stocks)


@pytest.fixture
def browser():
    """Chromium; without it the test is skipped, but fails on the CI machine."""
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: apt-get install chromium")
        pytest.skip("Chromium is not installed here")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()
