"""How the embedded grids are written: both alike, so that they merge without a difference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr


def write_grid(dataset: xr.Dataset, path: Path) -> None:
    """Write a grid as compressed NetCDF-4: numbers as float32 with NaN for no data, flags as they are."""
    dataset = dataset.copy()
    for name, variable in dataset.data_vars.items():
        encoding: dict[str, object] = {"zlib": True, "complevel": 9, "shuffle": True}
        if np.issubdtype(variable.dtype, np.floating):
            dataset[name] = variable.astype(np.float32)
            encoding["_FillValue"] = np.float32(np.nan)
        dataset[name].encoding = encoding
    for name in dataset.coords:
        dataset[name].encoding = {"_FillValue": None}
    dataset.to_netcdf(path, engine="h5netcdf", format="NETCDF4")
