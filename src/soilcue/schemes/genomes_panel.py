"""CUE from genomes: what metabolic models make of the substrates that a soil's pools consist of.

The chain of He et al. (2024, Figure 2) in its shortest form: genome-scale metabolic models give the CUE of populations
by class of substrate (`soilcue.genomes`), a stated map says what each pool of a soil model is made of, and the mixture
takes the place of the model's own CUE. The spread over genomes is a parameter, so that it can be carried to a map of
soils: run the sets ``low``, ``mean`` and ``high``.

What the numbers hold: growth respiration at the largest growth on one substrate in a mineral medium, and in
``genomes-panel-maintained`` maintenance too. What they do not: the making of enzymes, death, dormancy, competition.
"""

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp

from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Evidence, Scheme
from soilcue.data.embedded_tables import embedded_rows
from soilcue.schemes import SCHEMES

_SOURCES: tuple[str, ...] = ("he2024", "saifuddin2019", "machado2018", "teccampos2020", "peyraud2016")
_OTHER = "other"


@functools.cache
def substrates_of_pools() -> dict[str, dict[str, float]]:
    """The map: shares of carbon by class of substrate, for each pool of a soil model; ``other`` for any other pool."""
    found = {}
    for row in embedded_rows("substrates_of_pools.csv"):
        shares = {name: float(share) for name, share in row.items() if name != "pools" and float(share)}
        found.update(dict.fromkeys(row["pools"].split(), shares))
    return found


@functools.cache
def cue_by_class(maintenance: str) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation over genomes of ln(CUE / (1 - CUE)), by class of substrate."""
    return {
        row["substrate_class"]: (float(row["mean_log_odds"]), float(row["spread_log_odds"]))
        for row in embedded_rows("cue_by_substrate_class.csv")
        if row["maintenance"] == maintenance
    }


class GenomesPanel(Scheme):
    """CUE of the mixture of substrates that a pool stands for, over genomes of soil and model bacteria."""

    name = "genomes-panel"
    title = "from genomes, by the substrates a pool consists of; without maintenance, enzymes or death"
    equation = "CUE = sum over classes of share x logistic(mean + z spread); takes the place of the model's CUE"
    references: ClassVar[tuple[str, ...]] = _SOURCES
    includes: ClassVar[tuple[str, ...]] = ("growth respiration",)
    evidence = Evidence(
        "thin",
        "metabolic models rank substrates by their energy as measured yields do",
        "five bacterial genomes, all Proteobacteria; growth at its best, which soils do not see; the substrates of "
        "pools are assumed",
    )
    declared = (
        Parameter("z", "1", -3.0, 3.0, "standard deviations over genomes by which CUE lies above their mean, log odds"),
    )
    sets = (
        ParameterSet("mean", _SOURCES, "the mean over genomes", {"z": (0.0, "1")}),
        ParameterSet("low", _SOURCES, "one standard deviation over genomes below", {"z": (-1.0, "1")}),
        ParameterSet("high", _SOURCES, "one standard deviation over genomes above", {"z": (1.0, "1")}),
    )
    _maintenance: ClassVar[str] = "none"
    classes: tuple[tuple[str, tuple[float, float]], ...] = eqx.field(static=True)

    def __init__(
        self,
        parameters: str | Mapping[str, Any] | None = None,
        classes: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        """As any scheme; `classes` puts mean and spread of log odds by class in the place of the embedded table's."""
        super().__init__(parameters)
        self.classes = tuple(sorted((cue_by_class(self._maintenance) | dict(classes or {})).items()))

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The CUE of the pool's mixture, whatever the model's own."""
        pools, classes = substrates_of_pools(), dict(self.classes)
        mixture: Any = 0.0
        for name, share in pools.get(str(feels.get("substrate")), pools[_OTHER]).items():
            mean, spread = classes[name]
            mixture = mixture + share / (1 + jnp.exp(-(mean + self.parameters["z"] * spread)))
        return mixture * jnp.ones_like(cue)


class GenomesPanelMaintained(GenomesPanel):
    """The same with maintenance on one footing for all genomes (Tijhuis et al. 1993, 25 degC, slow uptake)."""

    name = "genomes-panel-maintained"
    title = "from genomes, by the substrates a pool consists of; with maintenance, without enzymes or death"
    references = (*_SOURCES, "tijhuis1993")
    includes = ("growth respiration", "maintenance")
    _maintenance: ClassVar[str] = "normalised"


SCHEMES.register(GenomesPanel.name, GenomesPanel)
SCHEMES.register(GenomesPanelMaintained.name, GenomesPanelMaintained)
