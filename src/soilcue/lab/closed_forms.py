"""What methods read in closed form: at the start of an incubation, and label through time where nothing comes back.

At the start every flux is a rate, all label is in fresh growth or fresh CO2, and no DNA has been lost yet. So what a
method reads there is its own operator, applied to rates; in words of the fluxes per uptake:

| method | reads at the start |
|---|---|
| 13C in biomass and CO2 | G / (G + RG + OV) |
| depletion of label, flux analysis | 1 - (RG + OV) / U |
| 18O in DNA, growth tracers with respiration | G / (G + R) |
| heat, or O2 | 1 - R / U |
| batch growth | (G - RM - MD) / (G - RM - MD + R) |
"""

from __future__ import annotations

from typing import Any

import numpy as np

from soilcue.measure.incubation import Incubation


def at_start(
    growth_yield: Any, exudation: Any = 0.0, overflow: Any = 0.0, maintenance: Any = 0.0, mortality: Any = 0.0
) -> Incubation:
    """The first moment of an incubation, per carbon taken up.

    Parameters
    ----------
    growth_yield : float
        Growth per carbon assimilated (Y).
    exudation, overflow, maintenance, mortality : float
        EX, OV, RM and MD per uptake.

    Returns
    -------
    Incubation
        To be given to the reading operator of any method.
    """
    assimilated = 1 - exudation - overflow
    growth, growth_respiration = growth_yield * assimilated, (1 - growth_yield) * assimilated
    return Incubation(
        uptake=1.0,
        growth_respiration=growth_respiration,
        maintenance=maintenance,
        overflow=overflow,
        exudation=exudation,
        mortality=mortality,
        biomass_start=0.0,
        biomass_end=growth - maintenance - mortality,
        label_added=1.0,
        label_uptake=1.0,
        label_biomass=growth,
        label_respired=growth_respiration + overflow,
        label_dissolved=0.0,
        dna_made=growth,
        dna_made_vapour=growth,
    )


def label_through_time(
    hours: Any, uptake_rate: Any, kept: Any, respired: Any, maintenance: Any, loss: Any
) -> tuple[Any, Any]:
    """Label in biomass and in CO2, per label added, while no label comes back.

    Parameters
    ----------
    hours : float or array
        Since the label was added, h.
    uptake_rate : float
        Share of the remaining label taken up per hour (u).
    kept, respired : float
        Shares of uptake that become biomass (y) and CO2 at once (r).
    maintenance, loss : float
        Respired from biomass, and lost from it altogether (maintenance and death), per hour (m, lambda).

    Returns
    -------
    biomass, respired : float or array
        ``y u/(lambda - u) (exp(-u t) - exp(-lambda t))`` and ``r (1 - exp(-u t)) + m integral of biomass``.
    """
    scale = kept * uptake_rate / (loss - uptake_rate)
    biomass = scale * (np.exp(-uptake_rate * hours) - np.exp(-loss * hours))
    whole = scale * (-np.expm1(-uptake_rate * hours) / uptake_rate + np.expm1(-loss * hours) / loss)
    return biomass, -respired * np.expm1(-uptake_rate * hours) + maintenance * whole


def dna_left(hours: Any, loss: Any) -> Any:
    """Share of the DNA made at a steady rate that is still there: (1 - exp(-k t)) / (k t)."""
    return -np.expm1(-loss * hours) / (loss * hours)
