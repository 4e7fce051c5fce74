"""Predicted against published: what metabolic models say beside other predictions and beside measurements.

Neither data set has an open licence, so neither is part of the package: they are read from the folder that
``SOILCUE_DATA`` names, and without it there is no comparison.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# genus: group as in the tables of Saifuddin et al. (2019)
GROUPS = {
    "Acidobacterium": "acido",
    "Streptomyces": "actino",
    "Mycobacterium": "actino",
    "Arthrobacter": "actino",
    "Burkholderia": "beta",
    "Ralstonia": "beta",
    "Rhodoferax": "beta",
    "Methylacidiphilum": "verr",
}
GROUP_NAMES = {
    "acido": "Acidobacteria",
    "actino": "Actinobacteria",
    "beta": "Betaproteobacteria",
    "plancto": "Planctomycetes",
    "verr": "Verrucomicrobia",
}
# column of the measured table: our substrate. "Pro" is protocatechuate (Muscarella et al. 2020).
MEASURED = {"BGE_Glu": "glucose", "BGE_Suc": "succinate", "BGE_Pro": "protocatechuate"}


@dataclass(frozen=True)
class Comparison:
    """Tables of predicted and published efficiencies; None where the data are not at hand."""

    groups: pd.DataFrame | None
    """A row a group of bacteria: our genomes and those of the draft tables of Saifuddin et al."""
    measured: pd.DataFrame | None
    """A row a substrate: predicted CUE and the growth efficiency of lake bacteria measured by Muscarella et al."""
    words: tuple[str, ...]
    """How good the match is."""


def compared(yields: pd.DataFrame, organisms: dict[str, str]) -> Comparison:
    """Trusted CUE of a panel beside published numbers.

    Parameters
    ----------
    yields : pd.DataFrame
        Trusted rows of one kind of maintenance (`soilcue.genomes.panel.Panel.yields`).
    organisms : dict of str to str
        Organism of each genome, as far as known.
    """
    groups, said = _by_group(yields, organisms)
    measured, more = _measured(yields)
    return Comparison(groups, measured, (*said, *more))


def told_of_files(folder: Path, column: str) -> dict[str, str]:
    """What a table MANIFEST.csv in the folder tells of files: a column by the column ``file``; empty without them."""
    import pandas as pd

    place = folder / "MANIFEST.csv"
    if not place.is_file():
        return {}
    try:
        table = pd.read_csv(place, dtype=str)
    except (ValueError, OSError):
        return {}
    if not {"file", column} <= set(table.columns):
        return {}
    told = table[["file", column]].dropna()
    return dict(zip(told["file"], told[column], strict=True))


def _data(*parts: str) -> Path | None:
    root = os.environ.get("SOILCUE_DATA")
    place = Path(root, *parts) if root else None
    return place if place is not None and place.is_file() else None


def _by_group(yields: pd.DataFrame, organisms: dict[str, str]) -> tuple[pd.DataFrame | None, list[str]]:
    import pandas as pd

    place = _data("saifuddin2019_gem_cue", "treedata04252016.csv")
    if place is None:
        return None, []
    published = pd.read_csv(place).groupby("Phyla")["CUE"].agg(["count", "mean", "std"])
    group = yields["file"].map(lambda file: GROUPS.get(organisms.get(file, "").split(" ")[0], ""))
    per_genome = yields.assign(group=group).groupby(["group", "genome"])["cue_biomass"].mean()
    rows = []
    for name, line in published.iterrows():
        ours = per_genome.loc[[name]] if name in per_genome.index.get_level_values(0) else per_genome.iloc[:0]
        rows.append(
            {
                "group": GROUP_NAMES.get(str(name), str(name)),
                "published_genomes": int(line["count"]),
                "published_mean": line["mean"],
                "published_sd": line["std"],
                "genomes": len(ours),
                "mean": ours.mean() if len(ours) else float("nan"),
            }
        )
    table = pd.DataFrame(rows)
    both = table[table["genomes"] > 0]
    said = [
        f"Only {len(both)} of the {len(table)} groups of the draft tables of Saifuddin et al. (2019) have genomes here "
        f"({int(both['genomes'].sum())} in all): too few to say whether groups rank alike."
    ]
    if len(both):
        gap = (both["mean"] - both["published_mean"]).abs().mean()
        said.append(
            f"Where they do, group means differ by {gap:.2f} on average. Their numbers are of rich media, with every "
            "carbon source open or one of them short; ours are of one substrate in a mineral medium. They should not "
            "agree, and a likeness would prove nothing."
        )
    return table, said


def _measured(yields: pd.DataFrame) -> tuple[pd.DataFrame | None, list[str]]:
    import pandas as pd

    place = _data("muscarella2020_bge", "BGE_data.txt.csv")
    if place is None:
        return None, []
    published = pd.read_csv(place)
    rows = []
    for column, substrate in MEASURED.items():
        measured = published[column].dropna()
        ours = yields.loc[yields["substrate"] == substrate, "cue_biomass"]
        rows.append(
            {
                "substrate": substrate,
                "isolates": len(measured),
                "measured_median": measured.median(),
                "measured_high": measured.quantile(0.9),
                "genomes": len(ours),
                "predicted_median": ours.median(),
            }
        )
    table = pd.DataFrame(rows)
    said = [
        "The measured efficiencies are of bacteria isolated from lakes, whose table names no taxon: no genome can be "
        "matched to an isolate, only substrates can."
    ]
    both = table.dropna(subset=["predicted_median", "measured_median"])
    if len(both):
        ratio = (both["predicted_median"] / both["measured_median"]).median()
        alike = both["predicted_median"].rank().tolist() == both["measured_median"].rank().tolist()
        said.append(
            f"The match is poor: CUE is {ratio:.0f} times the median measured one (the best tenth of isolates "
            f"reaches {both['measured_high'].max():.2f}), and substrates rank "
            f"{'alike' if alike else 'differently'}. A metabolic model gives what is possible at best; starving "
            "cells of lakes spend most of what they take up on maintenance."
        )
    return table, said
