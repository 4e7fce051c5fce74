"""The audit of a metabolic model: what is wrong with it, before its numbers are believed.

Which tests: element and charge balance of every reaction; energy from nothing (Fritzemeier et al. 2017); growth from
nothing; forced fluxes; and, where it does not grow, what it would need, found by a linear program that opens every
other way in at a price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from soilcue.genomes.composition import GIVEN, INFERRED, UNKNOWN
from soilcue.genomes.efficiency import LIMITS, Limits, Population
from soilcue.genomes.growth import biomass_candidates
from soilcue.genomes.linear import OPTIMAL, FluxProgram
from soilcue.genomes.metabolic_model import MetabolicModel

BALANCE_TOLERANCE = 1e-6
NEARLY_ALL = 0.98
"""Share of carbon above which what is missing is no addition to the substrate but stands in its place."""
FACTOR_SHARE = 0.05
"""Carbon of what is missing, as a share of all carbon taken up: below it is a growth factor, above a carbon source."""


@dataclass(frozen=True)
class Audit:
    """What was found. Lists hold identifiers of the file."""

    unbalanced: tuple[str, ...]
    """Inner reactions that make or lose an element (where all formulas are known)."""
    uncharged: tuple[str, ...]
    """Inner reactions balanced in elements but not in charge (where all charges are known)."""
    carbon_unbalanced: tuple[str, ...]
    """Those of `unbalanced` that make or lose carbon."""
    unknown: tuple[str, ...]
    """Reactions with a compound of unknown formula."""
    formulas: Mapping[str, int]
    """Number of compounds by where their formula is from."""
    energy: float
    """ATP made with every way in and out closed, mmol gDW-1 h-1; NaN where ATP could not be told."""
    energy_reactions: tuple[str, ...]
    """Reactions of the cycle that makes it."""
    growth_from_nothing: float
    """Growth rate with every way in closed, h-1."""
    forced: tuple[str, ...]
    """Reactions other than maintenance that the file forces to run."""
    biomass: str
    biomass_why: str
    biomass_assumed: bool
    biomass_candidates: tuple[str, ...]
    biomass_mass: float
    """g of compounds per g of biomass by their formulas (1 in a sound reaction); NaN where a formula is unknown."""
    repairs: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether numbers from the model may enter statistics: no energy and no growth from nothing."""
        return not self.faults

    @property
    def faults(self) -> list[str]:
        """What makes every number of the model doubtful."""
        return faults_of(self.energy, self.growth_from_nothing)

    @property
    def findings(self) -> list[str]:
        """Everything found, as sentences."""
        said = [*self.faults]
        if np.isnan(self.energy):
            said.append("could not be tested for energy from nothing: its ATP, ADP, phosphate or water cannot be told")
        if self.biomass_assumed:
            said.append(f"biomass reaction assumed: {self.biomass} ({self.biomass_why})")
        if self.carbon_unbalanced:
            said.append(f"{_lose(self.carbon_unbalanced)} carbon: {_some(self.carbon_unbalanced)}")
        rest = [name for name in self.unbalanced if name not in set(self.carbon_unbalanced)]
        if rest:
            said.append(f"{_lose(rest)} other elements: {_some(rest)}")
        if self.uncharged:
            said.append(f"{_lose(self.uncharged)} charge: {_some(self.uncharged)}")
        if self.unknown:
            said.append(f"{_counted(self.unknown)} cannot be checked, for want of formulas")
        if self.formulas.get(INFERRED):
            said.append(f"formulas of {self.formulas[INFERRED]} compounds inferred from the reactions around them")
        if np.isfinite(self.biomass_mass) and abs(self.biomass_mass - 1) > 0.05:
            said.append(f"biomass weighs {self.biomass_mass:.2f} g per g: yields per gram are off by as much")
        if self.forced:
            said.append(f"{_counted(self.forced)} forced to run beside maintenance: {_some(self.forced)}")
        return [*said, *self.repairs]


def faults_of(energy: float, growth: float, limits: Limits = LIMITS) -> list[str]:
    """What makes every number of a model doubtful: ATP (mmol gDW-1 h-1) or growth (h-1) from nothing."""
    found = []
    if energy > limits.energy:
        found.append(f"makes energy from nothing ({energy:,.4g} mmol ATP gDW-1 h-1)")
    if growth > limits.growth:
        found.append(f"grows from nothing ({growth:,.4g} h-1)")
    return found


def _counted(names: tuple[str, ...] | list[str]) -> str:
    return f"{len(names)} reaction{'s' if len(names) != 1 else ''}"


def _lose(names: tuple[str, ...] | list[str]) -> str:
    return f"{_counted(names)} {'makes or loses' if len(names) == 1 else 'make or lose'}"


def _some(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def audit_of(population: Population) -> Audit:
    """The audit of a model that was made ready."""
    model, composition = population.model, population.composition
    inner = ~model.boundary
    inner[[population.growth.reaction, population.growth.assembly]] = False
    # other biomass reactions, kept in many files beside the chosen one, are no more balanced than that
    inner[[j for j in biomass_candidates(model) if len(model.column(j)) > 5]] = False
    inner[population.maintenance.hydrolysis] &= population.maintenance.hydrolysis < 0
    columns = np.flatnonzero(inner)
    matrix = model.matrix[:, columns]
    unknown_compound = np.isnan(composition.atoms).any(axis=0)
    unknown = np.asarray((matrix != 0).T @ unknown_compound.astype(float)).ravel() > 0
    excess = np.nan_to_num(composition.atoms) @ matrix
    off = (np.abs(excess) > BALANCE_TOLERANCE).any(axis=0) & ~unknown
    carbon = np.abs(excess[composition.symbols.index("C")]) > BALANCE_TOLERANCE
    no_charge = np.asarray((matrix != 0).T @ np.isnan(composition.charges).astype(float)).ravel() > 0
    charged = np.abs(np.nan_to_num(composition.charges) @ matrix) > BALANCE_TOLERANCE
    name = np.array(model.reactions, object)[columns]
    energy, cycle = energy_from_nothing(population)
    own = set(population.maintenance.reactions) | {population.growth.reaction}
    forced = [j for j in np.flatnonzero((model.lower > 0) | (model.upper < 0)) if j not in own]
    return Audit(
        unbalanced=tuple(name[off]),
        uncharged=tuple(name[charged & ~no_charge & ~off & ~unknown]),
        carbon_unbalanced=tuple(name[off & carbon]),
        unknown=tuple(name[unknown]),
        formulas={kind: composition.source.count(kind) for kind in (GIVEN, "known substance", INFERRED, UNKNOWN)},
        energy=energy,
        energy_reactions=cycle,
        growth_from_nothing=_growth_from_nothing(population),
        forced=tuple(model.reactions[j] for j in forced),
        biomass=model.reactions[population.growth.reaction],
        biomass_why=population.growth.why,
        biomass_assumed=population.growth.assumed,
        biomass_candidates=population.growth.candidates,
        biomass_mass=_biomass_mass(population),
        repairs=model.repairs,
    )


def _closed_program(population: Population) -> FluxProgram:
    """The program with every way in and out closed and nothing forced."""
    model, program = population.model, population.program
    lower, upper = np.minimum(model.lower, 0.0), np.maximum(model.upper, 0.0)
    lower[model.boundary] = upper[model.boundary] = 0.0
    program.set_bounds(lower, upper)
    return program


def energy_from_nothing(population: Population) -> tuple[float, tuple[str, ...]]:
    """ATP made with every way in and out closed, and the reactions of the cycle; NaN where ATP could not be told."""
    hydrolysis = population.maintenance.hydrolysis
    if hydrolysis < 0:
        return np.nan, ()
    program = _closed_program(population)
    program.fix(hydrolysis, 0.0, 1000.0)
    status, energy = program.largest({hydrolysis: 1.0})
    if status != OPTIMAL:
        return np.nan, ()
    if energy <= LIMITS.energy:
        return max(energy, 0.0) + 0.0, ()
    program.fix(hydrolysis, min(energy, 1.0), min(energy, 1.0))
    status, _ = program.smallest_total()
    fluxes = program.fluxes()
    cycle = [population.model.reactions[j] for j in np.flatnonzero(np.abs(fluxes) > 1e-6) if j != hydrolysis]
    return energy, tuple(cycle) if status == OPTIMAL else ()


def _growth_from_nothing(population: Population) -> float:
    program = population.program
    lower, upper = population.closed_bounds()
    lower = np.minimum(lower, 0.0)
    upper = np.maximum(upper, 0.0)
    for i in population.sinks:
        lower[population.exchanges.reactions[i]] = 0.0
    # water, protons and the like may go in and out: they hold neither carbon nor electrons
    for name in ("water", "proton", "ammonium", "phosphate", "sulfate"):
        population.open_ways(lower, upper, population.exchanges.of(name), 1000.0)
    program.set_bounds(lower, upper)
    status, rate = program.largest({population.growth.reaction: 1.0})
    return max(rate, 0.0) + 0.0 if status == OPTIMAL else np.nan


_MASSES = {"C": 12.011, "H": 1.008, "O": 15.999, "N": 14.007, "P": 30.974, "S": 32.06, "K": 39.098, "Na": 22.990,
           "Mg": 24.305, "Ca": 40.078, "Cl": 35.45, "Fe": 55.845, "Zn": 65.38, "Mn": 54.938, "Cu": 63.546,
           "Co": 58.933, "Ni": 58.693, "Mo": 95.95, "Se": 78.971, "W": 183.84}  # fmt: skip


def _biomass_mass(population: Population) -> float:
    """G of what biomass is made of per g of biomass; NaN where a formula is unknown or holds a residue."""
    composition = population.composition
    weight = np.array([_MASSES.get(symbol, np.nan) for symbol in composition.symbols])
    total = 0.0
    for row, amount in population.model.column(population.growth.assembly).items():
        if row not in population.biomass_compounds:
            atoms = composition.atoms[:, row]
            total -= amount * float(np.where(atoms == 0, 0.0, weight * atoms).sum()) / 1000
    return total


# ---- what a model that does not grow would need


@dataclass(frozen=True)
class Missing:
    """What a model that does not grow would need to."""

    factors: tuple[tuple[str, float], ...]
    """Compounds that would have to come in, with their uptake per unit of growth, mmol gDW-1; the largest first."""
    blocked: tuple[str, ...]
    """Parts of biomass that could not be made even so."""
    carbon_share: float
    """Share of carbon that the factors would bring."""

    @property
    def reason(self) -> str:
        """Why it does not grow, in a sentence."""
        named = ", ".join(name for name, _ in self.factors[:5]) + (", ..." if len(self.factors) > 5 else "")
        if self.blocked and not self.factors:
            return f"cannot make {_some(self.blocked)}, and nothing in its exchanges would help"
        if self.blocked:
            return f"cannot make {_some(self.blocked)}; would also need {named}"
        if not self.factors:
            return "would grow with nothing added: the limit is numerical"
        if self.carbon_share < 1e-9:
            return f"needs {named}, which the medium does not hold"
        if self.carbon_share > NEARLY_ALL:
            return f"cannot live on this substrate: would live on {named} in its place"
        if self.carbon_share > FACTOR_SHARE:
            return (
                f"cannot live on this substrate alone: would also need {named} ({self.carbon_share:.0%} of its carbon)"
            )
        return f"needs {named} (growth factors, {self.carbon_share:.1%} of its carbon)"


def missing_for_growth(population: Population, substrate: str | Mapping[str, float], **conditions) -> Missing:
    """What would have to come in for the model to grow: the least sum over all compounds it could exchange.

    A linear program asks for a little growth, opens every closed way in at a price of its flux, and, at a far higher
    price, lets parts of biomass come from nowhere. Conditions as in `Population.bounds`.
    """
    lower, upper = population.bounds(substrate, **conditions)
    model, growth = population.model, population.growth
    exchanges = population.exchanges
    content = model.column(growth.assembly)
    parts = [row for row, amount in content.items() if amount < 0]
    extra = sp.csc_matrix((np.ones(len(parts)), (parts, range(len(parts)))), shape=(len(model.compounds), len(parts)))
    count = len(model.reactions)
    relaxed = MetabolicModel(
        name=model.name,
        compounds=model.compounds,
        compound_names=model.compound_names,
        compartments=model.compartments,
        formulas=model.formulas,
        charges=model.charges,
        reactions=(*model.reactions, *(f"part {i}" for i in range(len(parts)))),
        reaction_names=(*model.reaction_names, *[""] * len(parts)),
        matrix=sp.hstack([model.matrix, extra], format="csc"),
        lower=np.append(lower, np.zeros(len(parts))),
        upper=np.append(upper, np.full(len(parts), 1000.0)),
        objective=np.append(model.objective, np.zeros(len(parts))),
    )
    low, high = relaxed.lower.copy(), relaxed.upper.copy()
    asked = 0.05
    closed = []
    for i, (reaction, export) in enumerate(zip(exchanges.reactions, exchanges.export, strict=True)):
        if int(exchanges.compounds[i]) in population.biomass_compounds:
            continue
        if export > 0 and low[reaction] >= 0:
            low[reaction] = -1000.0
            closed.append((i, int(reaction), -1.0))
        elif export < 0 and high[reaction] <= 0:
            high[reaction] = 1000.0
            closed.append((i, int(reaction), 1.0))
    low[growth.reaction], high[growth.reaction] = asked, asked
    program = FluxProgram(relaxed)
    program.set_bounds(low, high)
    # the price is on what comes in alone: the part of each flux that leads inward
    forward = {reaction: 1.0 for _, reaction, inward in closed if inward > 0}
    backward = {reaction: 1.0 for _, reaction, inward in closed if inward < 0}
    status, _ = program.smallest_cost(forward | {count + k: 1e4 for k in range(len(parts))}, backward)
    if status != OPTIMAL:
        return Missing((), tuple(_compound_label(population, row) for row in parts), np.nan)
    fluxes = program.fluxes()
    blocked = tuple(
        _compound_label(population, row)
        for k, row in enumerate(parts)
        if fluxes[count + k] > 1e-9 * max(1.0, asked * -content[row])
    )
    needed, brought = [], 0.0
    for i, reaction, inward in closed:
        amount = inward * fluxes[reaction] * abs(exchanges.export[i])
        if amount > 1e-9:
            needed.append((population.label(i), amount / asked))
            brought += amount * float(np.nan_to_num(population.carbon[i]))
    own = 0.0
    for i, (reaction, export) in enumerate(zip(exchanges.reactions, exchanges.export, strict=True)):
        inflow = -export * fluxes[reaction]
        if inflow > 0:
            own += inflow * float(np.nan_to_num(population.carbon[i]))
    needed.sort(key=lambda one: -one[1])
    return Missing(tuple(needed), blocked, brought / own if own else 0.0)


def _compound_label(population: Population, row: int) -> str:
    model = population.model
    return population.substances[row] or model.compound_names[row] or model.compounds[row]
