"""How much hangs on where doubt begins: a panel judged again with each limit of the audit set stricter and looser.

The limits (`soilcue.genomes.efficiency.Limits`) were set by hand. What a panel says should not hang on them; where it
does, this tells on which, and on which genomes.
"""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING

from soilcue.genomes.audit import faults_of
from soilcue.genomes.efficiency import GROWS, LIMITS, Limits, Yield, doubts_of

if TYPE_CHECKING:
    import pandas as pd

    from soilcue.genomes.panel import Panel

ALTERNATIVES: dict[str, tuple[float, float]] = {
    "carbon_gap": (1e-4, 1e-2),
    "above_bound": (1e-4, 1e-2),
    "reduction_gap": (0.025, 0.1),
    "inorganic_electrons": (0.002, 0.05),
    "electrons_kept": (0.75, 0.95),
    "excreted": (0.05, 0.2),
    "least_reduction": (3.8, 3.0),
    "most_reduction": (4.8, 6.0),
    "energy": (1e-8, 1e-2),
    "growth": (1e-8, 1e-2),
}
"""Each limit, stricter and looser: by a factor of 2 to 10 where it is a tolerance, of 100 and more where a rounding."""
WORDS = {
    "carbon_gap": "carbon made or lost, share of uptake",
    "above_bound": "CUE above the electron bound by",
    "reduction_gap": "electrons of biomass, by formula and by fluxes, relative difference",
    "inorganic_electrons": "electrons of inorganic compounds, share of the substrate's",
    "electrons_kept": "electrons kept, share",
    "excreted": "carbon excreted under oxygen, share",
    "least_reduction": "electrons per carbon of biomass, at the least",
    "most_reduction": "electrons per carbon of biomass, at the most",
    "energy": "ATP from nothing, mmol gDW-1 h-1",
    "growth": "growth from nothing, h-1",
}
"""What each limit is of."""


def alternatives() -> dict[tuple[str, str], Limits]:
    """Sets of limits by name and side: as set; each moved alone; all moved together."""
    found = {("as set", ""): LIMITS}
    for name, values in ALTERNATIVES.items():
        for side, value in zip(("stricter", "looser"), values, strict=True):
            found[name, side] = replace(LIMITS, **{name: value})
    for place, side in enumerate(("stricter", "looser")):
        found["all together", side] = Limits(**{name: values[place] for name, values in ALTERNATIVES.items()})
    return found


def sensitivity(panel: Panel, maintenance: str | None = None) -> pd.DataFrame:
    """What becomes of a panel when the limits of the audit lie elsewhere.

    Parameters
    ----------
    panel : Panel
        Result of `soilcue.genomes.panel.examine_panel`.
    maintenance : str, optional
        Kind of maintenance to judge; by default the first of the panel.

    Returns
    -------
    pd.DataFrame
        A row for each set of limits (`alternatives`): ``limit``, ``side``, ``value``; ``trusted`` pairs of genome and
        substrate; ``gained`` and ``lost`` beside the limits as set; ``changed``, the genomes concerned with how many
        pairs each; mean and standard deviation of CUE and mean share of electrons kept, over trusted pairs.
    """
    import pandas as pd

    word = maintenance if maintenance is not None else str(panel.settings.maintenance[0])
    yields, genomes = panel.yields, panel.genomes.set_index("genome")
    grown = yields[(yields["maintenance"] == word) & (yields["status"] == GROWS)]
    grown = grown[~grown["genome"].map(genomes["duplicate"]).astype(bool)]
    names = [one.name for one in fields(Yield)]
    found = [Yield(*row) for row in grown[names].itertuples(index=False, name=None)]
    energy, growth = (grown["genome"].map(genomes[f"{kind}_from_nothing"]) for kind in ("energy", "growth"))
    as_set, rows = None, []
    for (name, side), limits in alternatives().items():
        passes = pd.Series(
            [
                not faults_of(atp, rate, limits) and not doubts_of(one, limits)
                for one, atp, rate in zip(found, energy, growth, strict=True)
            ],
            index=grown.index,
            dtype=bool,
        )
        as_set = passes if as_set is None else as_set
        changed = grown.loc[passes != as_set, "genome"].value_counts(sort=False)
        trusted = grown[passes]
        rows.append(
            {
                "limit": name,
                "side": side,
                "value": asdict(limits).get(name, float("nan")),
                "trusted": int(passes.sum()),
                "gained": int((passes & ~as_set).sum()),
                "lost": int((~passes & as_set).sum()),
                "changed": ", ".join(f"{genome} ({count})" for genome, count in changed.items()),
                "mean_cue": trusted["cue_biomass"].mean(),
                "sd_cue": trusted["cue_biomass"].std(),
                "electrons_kept": trusted["electron_yield"].mean(),
            }
        )
    return pd.DataFrame(rows)
