"""How uncertain a CUE is: what biomass consists of, what maintenance costs, how many protons make an ATP.

At the optimum the fluxes pin the CUE down; what a model's makers assumed does not. Three such assumptions are drawn at
random, all together and each alone:

- ``biomass``: the amounts of protein, nucleic acids and the rest (cell wall, lipids, cofactors) in a gram of it. In
  each the proportions stay, for they matter little; the three are drawn, and their carbon adds up to what it did.
- ``maintenance``: ATP spent beside growth, about the model's own or the one asked for.
- ``p_to_o``: protons that ATP synthase takes for one ATP, and with it the ATP that a unit of oxygen gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from soilcue.core.errors import InputError
from soilcue.genomes.audit import energy_from_nothing
from soilcue.genomes.efficiency import GROWS, LIMITS, Population
from soilcue.genomes.genome import Genome
from soilcue.genomes.growth import maintenance_rate

if TYPE_CHECKING:
    import xarray as xr

PARTS = ("biomass", "maintenance", "p_to_o")
SPREADS = {"biomass": 0.2, "maintenance": 0.5, "p_to_o": 0.15}
"""Standard deviations of the logarithms that are drawn; assumed, as wide as published models of one species differ."""

_AMINO_ACIDS = {
    "alanine", "arginine", "asparagine", "aspartate", "cysteine", "glutamate", "glutamine", "glycine", "histidine",
    "isoleucine", "leucine", "lysine", "methionine", "phenylalanine", "proline", "serine", "threonine", "tryptophan",
    "tyrosine", "valine",
}  # fmt: skip
_NUCLEOTIDES = {"GTP", "CTP", "UTP", "dATP", "dGTP", "dCTP", "dTTP"}


def ensemble(
    genome: Genome,
    substrate: str | Mapping[str, float],
    *,
    members: int = 100,
    spreads: Mapping[str, float] | None = None,
    seed: int = 0,
    **conditions: Any,
) -> xr.Dataset:
    """CUE of many members that differ in what a model's makers assumed.

    Parameters
    ----------
    genome : Genome
    substrate : str or mapping
        As in `Genome.cue`.
    members : int
        At least 2.
    spreads : mapping, optional
        Standard deviation of the logarithm for each of ``biomass``, ``maintenance``, ``p_to_o``; 0 leaves one out.
    seed : int
        Of the draws.
    **conditions
        Uptake, maintenance, medium, temperature, as in `Genome.cue`. Maintenance is varied about the value asked for;
        of none, nothing is varied.

    Returns
    -------
    xr.Dataset
        ``cue_biomass`` and ``cue_co2`` (source, member): ``all`` together, then each part alone. NaN where a member
        does not grow. ``not_varied`` says which part the model has no handle for.

    Raises
    ------
    InputError
        Fewer than 2 members, an unknown part, or a model that does not grow on the substrate.
    """
    import xarray as xr

    width = _checked(members, spreads)
    population = genome.population
    if genome.yield_on(substrate, **conditions).status != GROWS:
        raise InputError(f"genome {genome.name!r} does not grow on {substrate!r}: nothing to vary.")
    sources = ("all", *PARTS)
    found = np.full((2, len(sources), members), np.nan)
    drawn = _Drawn(population, members, width, seed, conditions)
    for s, source in enumerate(sources):
        for member, asked in drawn.members(PARTS if source == "all" else (source,)):
            one = population.yield_on(substrate, **asked)
            found[:, s, member] = one.cue_co2, one.cue_biomass
    values = {
        name: (("source", "member"), found[i], {"units": "1"}) for i, name in enumerate(("cue_co2", "cue_biomass"))
    }
    attributes = {
        "genome": genome.name,
        "not_varied": ", ".join(part for part in PARTS if part not in drawn.varied),
        "spreads": ", ".join(f"{part} {width[part]:g}" for part in PARTS),
        "seed": seed,
    }
    return xr.Dataset(values, coords={"source": list(sources)}, attrs=attributes)


def spread(
    genome: Genome, substrates: Sequence[str], *, members: int = 10, seed: int = 0, **conditions: Any
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """CUE of biomass (substrate, member) of an `ensemble` in which all parts vary together, and which parts those are.

    Each member is made once for all substrates, and drawn alike for every genome. NaN where a member does not grow, and
    throughout where the model has no handle for any part: that it does not vary says nothing.
    """
    drawn = _Drawn(genome.population, members, _checked(members, None), seed, conditions)
    found = np.full((len(substrates), members), np.nan)
    for member, asked in drawn.members(PARTS) if drawn.varied else ():
        for s, substrate in enumerate(substrates):
            found[s, member] = genome.population.yield_on(substrate, **asked).cue_biomass
    return found, drawn.varied


def _checked(members: int, spreads: Mapping[str, float] | None) -> dict[str, float]:
    width = {**SPREADS, **(spreads or {})}
    if set(width) != set(PARTS) or not all(0 <= value <= 2 for value in width.values()):
        raise InputError(f"spreads are given for {', '.join(PARTS)}, each 0 to 2; got {dict(spreads or {})}.")
    if members < 2:
        raise InputError(f"an ensemble has at least 2 members; got {members}.")
    return width


class _Drawn:
    """What is drawn for the members of an ensemble; the draws of a part do not depend on which parts are varied."""

    def __init__(
        self,
        population: Population,
        members: int,
        width: Mapping[str, float],
        seed: int,
        conditions: Mapping[str, Any],
    ) -> None:
        self.population, self.conditions = population, conditions
        self.handles = {"biomass": biomass_groups(population), "p_to_o": synthases(population)}
        rate = maintenance_rate(conditions.get("maintenance", "shipped"), conditions.get("temperature", 25.0))
        self.rate = population.maintenance.shipped if rate is None else rate
        has = {
            "biomass": self.handles["biomass"] is not None,
            "maintenance": self.rate > 0 and population.maintenance.hydrolysis >= 0,
            "p_to_o": self.handles["p_to_o"] is not None,
        }
        self.varied = tuple(part for part in PARTS if has[part] and width[part] > 0)
        """Parts that the model has a handle for."""
        random = np.random.default_rng(seed)
        self.draws = {
            "biomass": random.normal(0, width["biomass"], (members, 3)),
            "maintenance": random.normal(0, width["maintenance"], members),
            "p_to_o": random.normal(0, width["p_to_o"], members),
        }

    def members(self, parts: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """The number of each member and the conditions to ask it under, with some parts varied.

        While this is looped over the model is the member; afterwards it is itself again.
        """
        varied = set(parts) & set(self.varied)
        try:
            for member in range(len(self.draws["p_to_o"])):
                asked = dict(self.conditions)
                if "biomass" in varied:
                    _set_biomass(self.population, self.handles["biomass"], self.draws["biomass"][member])
                if "p_to_o" in varied:
                    _set_synthases(self.population, self.handles["p_to_o"], float(np.exp(self.draws["p_to_o"][member])))
                if "maintenance" in varied:
                    asked["maintenance"] = float(min(self.rate * np.exp(self.draws["maintenance"][member]), 1000.0))
                yield member, asked
                _restore(self.population, self.handles)
        finally:
            _restore(self.population, self.handles)


def biomass_groups(population: Population) -> list[dict[int, float]] | None:
    """Amounts of amino acids, nucleotides and all else that a unit of biomass is made of, by compound.

    None where biomass is put together from "protein" or "DNA", whose parts are elsewhere. ATP, water and what comes out
    are the cost of growth, and stay.
    """
    groups: list[dict[int, float]] = [{}, {}, {}]
    for row, amount in population.model.column(population.growth.assembly).items():
        name = population.substances[row]
        if amount >= 0 or name in ("ATP", "water") or row in population.biomass_compounds:
            continue
        groups[0 if name in _AMINO_ACIDS else 1 if name in _NUCLEOTIDES else 2][row] = amount
    return groups if len(groups[0]) > 10 and len(groups[1]) > 3 and groups[2] else None


def synthases(population: Population) -> list[tuple[int, dict[int, float]]] | None:
    """Reactions by which protons make ATP or ATP moves protons, with the outer and the inner proton of each.

    None where there is none, or where fewer protons for an ATP would let the model make energy from nothing: then its
    protons are counted in other reactions too, and no coefficient can be changed alone.
    """
    model, found = population.model, []
    for reaction in range(len(model.reactions)):
        column = model.column(reaction)
        names = [population.substances[row] for row in column]
        if sorted(names) != ["ADP", "ATP", "phosphate", "proton", "proton", "water"]:
            continue
        protons = {row: amount for row, amount in column.items() if population.substances[row] == "proton"}
        atp = next(amount for row, amount in column.items() if population.substances[row] == "ATP")
        outer = [row for row, amount in protons.items() if amount * atp < 0]
        if len(outer) == 1 and abs(protons[outer[0]]) > 1:
            found.append(
                (reaction, {outer[0]: protons[outer[0]], **{r: a for r, a in protons.items() if r != outer[0]}})
            )
    if not found:
        return None
    try:
        for factor in (0.7, 1.4):
            _set_synthases(population, found, factor)
            if not energy_from_nothing(population)[0] <= LIMITS.energy:
                return None
    finally:
        _restore(population, {"biomass": None, "p_to_o": found})
    return found


def _set_biomass(population: Population, groups: Any, shifts: NDArray[np.float64]) -> None:
    """Scale the three groups, and all of them so that their carbon stays what it was."""
    carbon = np.nan_to_num(population.composition.carbon)
    held = np.array([sum(-amount * carbon[row] for row, amount in group.items()) for group in groups])
    factors = np.exp(shifts)
    factors *= held.sum() / (factors * held).sum()
    for group, factor in zip(groups, factors, strict=True):
        for row, amount in group.items():
            population.program.change_coefficient(row, population.growth.assembly, amount * float(factor))


def _set_synthases(population: Population, handles: Any, factor: float) -> None:
    """More or fewer protons for one ATP: as many go in as come out."""
    for reaction, protons in handles:
        (outer, amount), *inner = protons.items()
        moved = amount * (factor - 1)
        population.program.change_coefficient(outer, reaction, amount + moved)
        for row, other in inner:
            population.program.change_coefficient(row, reaction, other - moved)


def _restore(population: Population, handles: Mapping[str, Any]) -> None:
    """The model's own coefficients again."""
    for group in handles["biomass"] or ():
        for row, amount in group.items():
            population.program.change_coefficient(row, population.growth.assembly, amount)
    for reaction, protons in handles["p_to_o"] or ():
        for row, amount in protons.items():
            population.program.change_coefficient(row, reaction, amount)
