"""From genomes to the globe: the CUE of a panel of genomes, and its spread over them, carried to soil models' maps.

The chain of He et al. (2024, Figure 2): the numbers of a panel that pass every check are averaged by class of substrate
(log odds, over the genomes); the scheme `genomes-panel` turns them into the CUE of each pool of a soil model; the model
is run at the mean over genomes, and one standard deviation below and above it in every class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from soilcue.genomes.panel import Panel

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

SIDES = ("low", "mean", "high")
PUBLISHED = "published"
FEWEST = 2
"""Genomes of which a class must have a trusted number for a spread over them."""
MAINTAINED = {"none": False, "normalised": True}
"""Kinds of maintenance that there is a scheme for: that of the files themselves cannot be compared between genomes."""


def class_means(panel: Panel, maintenance: str) -> pd.DataFrame:
    """Mean and spread over genomes of CUE by class of substrate, on log odds, ln(CUE / (1 - CUE)).

    Each genome counts once in a class: by the mean over those of its substrates that pass every check.

    Returns
    -------
    pd.DataFrame
        ``substrate_class``, ``genomes``, ``substrates``, ``mean_log_odds``, ``spread_log_odds`` (NaN of one genome).
    """
    import pandas as pd

    trusted = panel.yields[panel.yields["trusted"] & (panel.yields["maintenance"] == maintenance)]
    trusted = trusted.assign(log_odds=np.log(trusted["cue_biomass"] / (1 - trusted["cue_biomass"])))
    per_genome = trusted.groupby(["substrate_class", "genome"])["log_odds"].mean()
    rows = [
        {
            "substrate_class": name,
            "genomes": len(values),
            "substrates": trusted.loc[trusted["substrate_class"] == name, "substrate"].nunique(),
            "mean_log_odds": values.mean(),
            "spread_log_odds": values.std(ddof=1) if len(values) > 1 else np.nan,
        }
        for name, values in per_genome.groupby(level=0)
    ]
    columns = ["substrate_class", "genomes", "substrates", "mean_log_odds", "spread_log_odds"]
    return pd.DataFrame(rows, columns=columns)


def to_globe(
    panel: Panel,
    models: Sequence[str] = ("mimics",),
    drivers: xr.Dataset | None = None,
    *,
    maintenance: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> xr.Dataset:
    """Soil carbon and diagnosed CUE of soil models under the CUE of genomes, with its spread over them.

    Parameters
    ----------
    panel : Panel
        Result of `soilcue.genomes.examine_panel` on the soil panel of substrates.
    models : sequence of str
        Soil models, each ``"name"`` or ``"name:parameters"``.
    drivers : xr.Dataset, optional
        On a grid; the embedded one by default. Annual means are taken.
    maintenance : {"none", "normalised"}, optional
        Of which numbers of the panel; by default the first of its settings that can serve.
    progress : callable, optional
        Told which run begins.

    Returns
    -------
    xr.Dataset
        ``diagnosed_cue`` (rule uptake), ``soil_carbon``, ``status`` (model, cue, ...), where ``cue`` is the model's own
        (published), or genomes low, mean and high. Attributes say which classes of substrate are the panel's, and which
        for want of genomes the package's own.

    Raises
    ------
    InputError
        For a panel without such maintenance, or an unknown model.
    """
    import xarray as xr

    import soilcue as sc
    from soilcue.core.errors import InputError
    from soilcue.core.references import bibliography
    from soilcue.genomes.genome import REFERENCES
    from soilcue.schemes.genomes_panel import GenomesPanel, GenomesPanelMaintained, substrates_of_pools

    words = [str(word) for word in panel.settings.maintenance]
    word = maintenance or next((one for one in words if one in MAINTAINED), "")
    if word not in words or word not in MAINTAINED:
        raise InputError(
            f"the panel holds maintenance {', '.join(words)}; soils take 'none' or 'normalised'. Ask for one of these: "
            "that of the files themselves differs tenfold by how it was fitted."
        )
    kind: Any = GenomesPanelMaintained if MAINTAINED[word] else GenomesPanel
    table = class_means(panel, word)
    enough = table[(table["genomes"] >= FEWEST) & (table["spread_log_odds"] > 0)]
    own = {
        row["substrate_class"]: (float(row["mean_log_odds"]), float(row["spread_log_odds"]))
        for _, row in enough.iterrows()
    }
    asked = sorted({name for shares in substrates_of_pools().values() for name in shares})
    drivers = sc.drivers("global") if drivers is None else drivers
    parts = []
    chosen = []
    for text in models:
        name, _, parameters = text.partition(":")
        schemes = {PUBLISHED: None, **{side: kind(side, classes=own) for side in SIDES}}
        runs = []
        for side, scheme in schemes.items():
            one = sc.model(name, parameters or None, cue=scheme)
            if progress:
                progress(f"{text}, CUE {'of the model' if scheme is None else f'of genomes, {side}'}")
            state = one.steady_state(drivers, season="annual-mean", eigenvalues=False)
            runs.append(
                xr.Dataset(
                    {
                        "diagnosed_cue": sc.cue(state)["diagnosed_cue"].sel(rule="uptake", drop=True),
                        "soil_carbon": state["soil_carbon"],
                        "status": state["status"],
                    }
                )
            )
            chosen.append(one)
        parts.append(xr.concat(runs, dim="cue", combine_attrs="override").assign_coords(cue=[PUBLISHED, *SIDES]))
    found = xr.concat(parts, dim="model", combine_attrs="override").assign_coords(model=list(models))
    if "land_area" in drivers:
        found["land_area"] = drivers["land_area"]
    genomes = enough.set_index("substrate_class")["genomes"]
    mine = [f"{name} ({genomes[name]} genomes)" for name in asked if name in own]
    found.attrs = {
        "title": "CUE of genomes carried to soils",
        "maintenance": word,
        "scheme": kind.name,
        "classes_of_this_panel": ", ".join(mine),
        "classes_of_the_package": ", ".join(name for name in asked if name not in own),
        "season": "annual-mean",
        "assumptions": "What pools consist of is assumed. Low and high: CUE of every class one standard deviation over "
        "genomes below and above its mean, all at once. Enzymes, death and dormancy are not included"
        + (
            f"; maintenance is, at an uptake of {panel.settings.uptake:g} mmol C gDW-1 h-1."
            if MAINTAINED[word]
            else ", nor is maintenance."
        ),
        "references": "\n".join(
            bibliography(dict.fromkeys([*REFERENCES, *(key for one in chosen for key in one.references)]))
        ),
    }
    return found
