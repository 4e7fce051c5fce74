"""The microbial carbon budget and carbon use efficiency, as He et al. (2024) define them.

The budget is reckoned at the border of a set S of living pools. U is all that crosses into S or passes through a
member of it. What leaves S, or passes through it, is told apart by where it ends: CO2 is R; dissolved carbon, enzymes
and other living things are EX; dead organic pools are MD. Death is MD wherever the remains end up: the dissolved share
of a dying cell is necromass, not exudation. So it makes no difference to the budget whether a model respires from the
substrate or from the biomass.

Diagnosed CUE = 1 - R/D needs no living pool. The paper's text allows three readings of the gross decomposition D, so
every D follows a named rule (`RULES`). At steady state it equals 1 - 1/N, N = D/R being the mean number of counted
passes a carbon atom makes before it is respired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from soilcue.core.errors import NotDefinedError
from soilcue.core.network import CO2, INPUT, LEACHED, PROCESSES, Structure

RULES = {
    "uptake": "carbon taken up by living pools (for implicit microbes: everything decomposed)",
    "gross": "uptake, and other microbially mediated removal from organic matter (depolymerisation, oxidation)",
    "total": "gross, and microbial death and enzyme turnover",
}
"""What D counts under each rule; each counts all that the one before it does."""


@dataclass(frozen=True)
class Budget:
    """Carbon that living things take up and what becomes of it, over one window (any shape, one unit).

    Parameters
    ----------
    uptake, respiration, exudation, mortality : array
        U, R, EX and MD, each >= 0.
    """

    uptake: Any
    respiration: Any
    exudation: Any
    mortality: Any

    @property
    def growth(self):
        """G = U - R - EX, the new biomass."""
        return self.uptake - self.respiration - self.exudation

    @property
    def cue(self):
        """CUE_P of one living pool, CUE_C of all: (U - R - EX) / U (He et al. 2024). Negative in starvation."""
        return self.growth / self.uptake

    @property
    def cue_ecosystem(self):
        """CUE_E over the window: (U - R - EX - MD) / U (He et al. 2024). Zero by arithmetic at a steady state."""
        return (self.growth - self.mortality) / self.uptake


def diagnosed_cue(respiration, gross_decomposition):
    """CUE = 1 - R/D from sums over time of heterotrophic respiration R and gross decomposition D (He et al. 2024)."""
    return 1 - respiration / gross_decomposition


def budget_weights(structure: Structure, members: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Which fluxes make up U, R, EX and MD of a set of living pools.

    Parameters
    ----------
    structure : Structure
        The network's fluxes.
    members : tuple of str
        The living pools that form the set: one for a population, all for the community.

    Returns
    -------
    dict of str to array of 0 and 1, shape (fluxes,)
        Keys ``uptake``, ``respiration``, ``exudation``, ``mortality``: a flux table times a weight, summed, is the
        quantity.

    Raises
    ------
    NotDefinedError
        When the network holds no living pool.
    """
    if not members:
        raise NotDefinedError(
            "this model holds no living pool (its microbes are implicit), so the CUE of a population, a community or "
            "an ecosystem is not defined for it. Its diagnosed CUE = 1 - R/D is."
        )
    inside = set(members)
    weights = {name: np.zeros(len(structure.fluxes)) for name in ("uptake", "respiration", "exudation", "mortality")}
    for j, flux in enumerate(structure.fluxes):
        if structure.currency(flux) != "carbon":
            continue
        from_inside, passes = flux.source in inside, flux.through in inside
        if not from_inside and (flux.target in inside or passes):
            weights["uptake"][j] = 1
        if (from_inside or passes) and flux.target not in inside:
            if flux.through is not None and not passes:
                weights["exudation"][j] = 1  # eaten by another living thing, whatever that makes of it
            elif flux.target == CO2:
                weights["respiration"][j] = 1
            elif flux.process == "mortality" or structure.kind(flux.target) in ("litter", "organic", "mineral"):
                weights["mortality"][j] = 1
            else:
                weights["exudation"][j] = 1
    return weights


def diagnosis_weights(structure: Structure, litter: bool = True) -> dict[str, np.ndarray]:
    """Which fluxes make up R and D of the diagnosed CUE, under every rule.

    Parameters
    ----------
    structure : Structure
        The network's fluxes.
    litter : bool
        Whether fluxes out of litter pools count, in R and D alike.

    Returns
    -------
    dict of str to array of 0 and 1, shape (fluxes,)
        Key ``respiration``, and one key per rule.
    """
    living = set(structure.living())
    weights = {name: np.zeros(len(structure.fluxes)) for name in ("respiration", *RULES)}
    ranks = list(RULES)
    for j, flux in enumerate(structure.fluxes):
        if structure.currency(flux) != "carbon" or (not litter and structure.kind(flux.source) == "litter"):
            continue
        if flux.target == CO2:
            weights["respiration"][j] = 1
        taken_up = flux.source not in living and (flux.target in living or flux.through in living)
        first = "uptake" if taken_up else PROCESSES[flux.process].counted_from
        if first is not None and flux.source != INPUT:
            for rule in ranks[ranks.index(first) :]:
                weights[rule][j] = 1
    return weights


def balance_weights(structure: Structure) -> dict[str, np.ndarray]:
    """Which fluxes make up what comes in and goes out: the terms of closure.

    Parameters
    ----------
    structure : Structure
        The network's fluxes.

    Returns
    -------
    dict of str to array of 0 and 1, shape (fluxes,)
        ``carbon_input``, ``respiration``, ``leaching``; of another element ``nitrogen_input``, ``nitrogen_leaching``.
    """
    weights = {}
    for currency in structure.elements():
        own = np.array([structure.currency(flux) == currency for flux in structure.fluxes], float)
        prefix = "" if currency == "carbon" else f"{currency}_"
        weights[f"{currency}_input"] = own * [flux.source == INPUT for flux in structure.fluxes]
        if currency == "carbon":
            weights["respiration"] = own * [flux.target == CO2 for flux in structure.fluxes]
        weights[f"{prefix}leaching"] = own * [flux.target == LEACHED for flux in structure.fluxes]
    return weights


def cohort_curve(
    structure: Structure, stocks: np.ndarray, rates: np.ndarray, times: np.ndarray
) -> dict[str, np.ndarray]:
    """What becomes of the carbon taken up at one moment, at a steady state.

    Carbon is followed as a tracer through every flux, recycling included: a cohort's carbon that dies and is taken up
    again is biomass again.

    Parameters
    ----------
    structure : Structure
        The network's fluxes.
    stocks : array, shape (pools,)
        Steady stocks of one cell.
    rates : array, shape (fluxes,)
        Steady fluxes of that cell.
    times : array, shape (times,)
        Time since uptake, in the time unit of the rates.

    Returns
    -------
    dict of str to array, shape (times,)
        ``biomass``: share of the uptake in living pools; ``biomass_or_residues``: share in any pool. Both start at
        CUE_C where respiration and exudation pass through the microbe at once.

    Raises
    ------
    NotDefinedError
        When the network holds no living pool.
    """
    living = structure.living()
    weights = budget_weights(structure, living)
    row = {pool.name: i for i, pool in enumerate(structure.pools)}
    start = np.zeros(len(row))
    move = np.zeros((len(row), len(row)))
    for j, flux in enumerate(structure.fluxes):
        # an exudate passes the microbe at once and starts its life outside
        if weights["uptake"][j] and flux.target in row:
            start[row[flux.target]] += rates[j]
        if flux.source in row and structure.currency(flux) == "carbon":
            share = rates[j] / stocks[row[flux.source]]
            move[row[flux.source], row[flux.source]] -= share
            if flux.target in row:
                move[row[flux.target], row[flux.source]] += share
    start /= weights["uptake"] @ rates
    held = np.stack([scipy.linalg.expm(move * t) @ start for t in np.asarray(times, float)])
    alive = [row[name] for name in living]
    return {"biomass": held[:, alive].sum(axis=1), "biomass_or_residues": held.sum(axis=1)}
