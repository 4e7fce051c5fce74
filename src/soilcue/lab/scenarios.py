"""Soils and practices that make methods disagree, each one step away from the reference soil."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from soilcue.core.errors import unknown_name
from soilcue.lab.experiment import Jar, reference_jar

# DNA is 0.052 of structural carbon (Čapek et al. 2023), and DNA is 38.06 % carbon by mass (C39H44O24N15P4)
CARBON_PER_DNA_OF_STRUCTURE = 0.3806 / 0.052


@dataclass(frozen=True)
class Scenario:
    """A soil, and how the person who measures treats it and takes it to be.

    Parameters
    ----------
    name, title, description : str
    parameters, stocks, cells : mapping
        As `soilcue.lab.reference_jar` takes them, of the soil as it is incubated.
    assumed : mapping
        Factors the person uses where they are not the true ones: ``kec``, ``fdna``, ``oxygen_from_water``, and those of
        heat and gases.
    dose : float
        Substrate, microgram of carbon per gram of soil.
    left_alone : mapping
        Parameters of the same soil when nothing is done to it, where they differ.
    pulse : mapping
        What adding water sets free, microgram of carbon per gram, by pool.
    """

    name: str
    title: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stocks: Mapping[str, float] = field(default_factory=dict)
    cells: Mapping[str, Any] = field(default_factory=dict)
    assumed: Mapping[str, float] = field(default_factory=dict)
    dose: float = 20.0
    left_alone: Mapping[str, Any] = field(default_factory=dict)
    pulse: Mapping[str, float] = field(default_factory=dict)

    def changed(
        self,
        parameters: Mapping[str, Any] | None = None,
        stocks: Mapping[str, float] | None = None,
        cells: Mapping[str, Any] | None = None,
        assumed: Mapping[str, float] | None = None,
        dose: float | None = None,
    ) -> Scenario:
        """The scenario in another soil: what the scenario itself sets stays."""
        return Scenario(
            self.name,
            self.title,
            self.description,
            {**(parameters or {}), **self.parameters},
            {**(stocks or {}), **self.stocks},
            {**(cells or {}), **self.cells},
            {**(assumed or {}), **self.assumed},
            self.dose if dose is None or self.dose == 0 else dose,
            self.left_alone,
            self.pulse,
        )

    def jar(self) -> Jar:
        """The soil as it is incubated."""
        start = reference_jar(self.parameters, self.stocks, **self.cells)
        if not self.pulse:
            return start
        names = [pool.name for pool in start.network.pools]
        held = dict(zip(names, map(float, start.stocks), strict=True))
        wetted = {name: held[name] + self.pulse.get(name, 0.0) for name in names}
        return reference_jar(self.parameters, wetted, **self.cells)

    def jar_left_alone(self) -> Jar:
        """The same soil when no water is added."""
        return reference_jar({**self.parameters, **self.left_alone}, self.stocks, **self.cells)


_SCENARIOS = (
    Scenario("base", "Reference soil", "moist, one population, all conversion factors as they truly are"),
    Scenario("no_substrate", "No substrate", "nothing is added: label methods have nothing to follow", dose=0.0),
    Scenario("high_turnover", "High turnover", "cells die four times as fast", parameters={"mortality": 2e-3}),
    Scenario("high_exudation", "High exudation", "15 % of uptake is exuded", parameters={"exudation": 0.15}),
    Scenario("overflow", "Overflow", "20 % of uptake is respired for want of nutrients", parameters={"overflow": 0.2}),
    Scenario("kec", "kEC 1 for 0.45", "no extraction efficiency is applied", assumed={"kec": 1.0}),
    Scenario("fdna", "Carbon per DNA x 1.5", "30 g of carbon per g of DNA taken for 20", assumed={"fdna": 30.0}),
    Scenario(
        "oxygen_from_water",
        "A third of DNA oxygen from water",
        "33 % of the oxygen in new DNA comes from water, and all of it is taken to",
        cells={"oxygen_from_water": 0.33},
        assumed={"oxygen_from_water": 1.0},
    ),
    Scenario(
        "native_food",
        "Native food is no sugar",
        "native carbon is less reduced than the glucose added (3.7 electrons per carbon; glucose has 4), and heat and "
        "gases are read as if all were glucose",
        cells={"native_reduction": 3.7},
    ),
    Scenario(
        "relic_dna",
        "Relic DNA",
        "40 % of the soil's DNA is outside of living cells, unknown to the person who divides biomass by it (20 g of "
        "carbon per g of DNA become 12), and DNA of cells that die during the incubation stays",
        cells={"relic_dna": 1.0},
        assumed={"fdna": 12.0},
    ),
    Scenario(
        "dry_soil",
        "Dry soil, wetted",
        "soil at -5 MPa, nine cells in ten dormant; the label comes with water that wakes them and sets 40 ug of "
        "carbon per gram free",
        parameters={"waking": 0.05},
        stocks={"active_users": 40.0, "dormant_users": 360.0},
        left_alone={"water_potential": -5.0},
        pulse={"dissolved": 40.0},
    ),
    Scenario(
        "two_populations",
        "Two populations",
        "three cells in ten live on the substrate at a yield of 0.7; the others leave it alone, live on native carbon "
        "at 0.5, and half of them are dormant",
        parameters={"growth_yield": (0.7, 0.5), "waking": 0.02},
        stocks={"active_users": 120.0, "active_others": 140.0, "dormant_others": 140.0},
    ),
    Scenario(
        "storage",
        "Storage",
        "all carbon taken up becomes reserves first: DNA is made later, and chloroform extracts 0.42 of reserves but "
        "0.24 of the structure (Čapek et al. 2023), while 0.45 is assumed",
        parameters={"storage": 1.0},
        stocks={"active_users": 363.0, "reserve_users": 37.0},
        cells={"extractable": (0.24, 0.42), "carbon_per_dna": CARBON_PER_DNA_OF_STRUCTURE},
        assumed={"kec": 0.45},
    ),
)

SCENARIOS = {scenario.name: scenario for scenario in _SCENARIOS}
"""The scenarios by name, the reference first."""


def scenario(name: str) -> Scenario:
    """The scenario of that name; `InputError` names the nearest where there is none."""
    if name not in SCENARIOS:
        raise unknown_name("scenario of the virtual laboratory", name, SCENARIOS)
    return SCENARIOS[name]
