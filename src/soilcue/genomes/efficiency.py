"""Carbon use efficiency of one population from its fluxes: largest growth, then the smallest sum of fluxes.

Flux balance analysis (Orth et al. 2010) finds the largest growth that uptake allows, parsimonious flux balance analysis
(Lewis et al. 2010) one set of fluxes for it. From the fluxes at the border of the cell follow uptake U, respiration R
(inorganic carbon) and exudation EX (all other carbon that leaves), and with them

    CUE_CO2 = 1 - R/U            CUE_biomass = (U - R - EX)/U = CUE_P (He et al. 2024).

They differ where carbon is excreted. Carbon of the biomass by its own formula is reckoned beside, as a check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from soilcue.core.errors import InputError, unknown_name
from soilcue.genomes.composition import Composition, composition_of
from soilcue.genomes.growth import (
    Growth,
    Maintenance,
    biomass_compounds,
    growth_of,
    maintenance_rate,
    with_hydrolysis,
)
from soilcue.genomes.linear import FAILED, INFEASIBLE, OPTIMAL, UNBOUNDED, FluxProgram
from soilcue.genomes.metabolic_model import MetabolicModel
from soilcue.genomes.substances import Exchanges, decoded, exchanges_of, identified, media, shares_of, substances

GROWS, NO_GROWTH, NO_EXCHANGE = "grows", "no growth", "no exchange"
STATUSES = {
    GROWS: "a steady state with growth was found",
    NO_GROWTH: "the medium does not let it grow",
    NO_EXCHANGE: "the model cannot take the substrate up, or does not call it by a name that is known here",
    INFEASIBLE: "no steady state: forced fluxes, such as maintenance, cannot be met",
    UNBOUNDED: "growth without limit: some compound comes in freely",
    FAILED: "the solver gave up",
}
UNLIMITED = 1000.0
"""A flux that nothing limits, mmol gDW-1 h-1."""
SINK_LIMIT = 0.01
"""What may come in by a sink that the file opens, mmol gDW-1 h-1: as much as a vitamin."""
LEAST_GROWTH = 1e-6
"""Below this the model does not grow, h-1."""
INORGANIC = ("carbon dioxide", "bicarbonate")


@dataclass(frozen=True)
class Yield:
    """What one population makes of one substrate under one set of conditions. Carbon in mmol C gDW-1 h-1."""

    status: str
    growth_rate: float = np.nan
    """h-1"""
    uptake: float = np.nan
    """U: all carbon that comes in."""
    respiration: float = np.nan
    """R: inorganic carbon that leaves."""
    exudation: float = np.nan
    """EX: all other carbon that leaves, biomass aside; NaN where the formula of an excreted compound is unknown."""
    oxygen: float = np.nan
    """O2 that comes in, mmol gDW-1 h-1."""
    biomass_carbon: float = np.nan
    """Carbon of the new biomass by its own formula; NaN where parts of biomass have none."""
    cue_co2: float = np.nan
    """1 - R/U"""
    cue_biomass: float = np.nan
    """(U - R - EX)/U"""
    growth_yield: float = np.nan
    """g dry mass per mol carbon taken up."""
    electron_yield: float = np.nan
    """Share of the substrate's electrons that ends in biomass."""
    respiratory_quotient: float = np.nan
    """CO2 per O2."""
    carbon_gap: float = np.nan
    """(U - R - EX - carbon of biomass)/U: carbon that the reactions make or lose."""
    substrate_share: float = np.nan
    """Share of U that is the substrate asked for (vitamins bring carbon too)."""
    substrate_reduction: float = np.nan
    """Degree of reduction of what is taken up, electrons per carbon."""
    biomass_reduction: float = np.nan
    """Degree of reduction of biomass by its own formula."""
    apparent_reduction: float = np.nan
    """Degree of reduction that biomass must have for organic electrons to balance with O2: (electrons of carbon
    compounds in and out - 4 O2) per carbon kept."""
    inorganic_electrons: float = np.nan
    """Electrons from compounds without carbon, per electron of the substrate."""
    electron_bound: float = np.nan
    """min(1, degree of reduction of the substrate / of biomass): no CUE on organic electron donors can lie above."""
    exudates: str = ""
    """What is excreted, with its share of U."""
    at_bounds: str = ""
    """Reactions whose flux meets the bound by which the file says "unlimited"."""
    doubts: str = ""
    """Why the number is not to be trusted; empty where nothing was found."""

    @property
    def trusted(self) -> bool:
        """Whether it may enter statistics: it grows, and nothing speaks against it."""
        return self.status == GROWS and not self.doubts


YIELD_UNITS = {
    "growth_rate": "h-1",
    "uptake": "mmol g-1 h-1",
    "respiration": "mmol g-1 h-1",
    "exudation": "mmol g-1 h-1",
    "oxygen": "mmol g-1 h-1",
    "biomass_carbon": "mmol g-1 h-1",
    "growth_yield": "g mol-1",
}
"""Units of the fields of `Yield`; the others are ratios (unit 1) or text."""

LARGE_MOLECULE, TRACE = 60.0, 0.01
"""Carbon atoms that a compound of unknown formula is thought to have at most, and the share of U below which what then
leaves with it is left out."""


@dataclass(frozen=True)
class Limits:
    """Where doubt begins.

    Physics draws none of these lines to the digit: they were set by hand, with the models of the reference tests in
    view. `soilcue.genomes.sensitivity` says what becomes of a panel where they lie elsewhere.
    """

    carbon_gap: float = 1e-3
    """Carbon that the reactions make or lose, as a share of uptake."""
    above_bound: float = 1e-3
    """By how much CUE may lie above the electron bound."""
    reduction_gap: float = 0.05
    """Relative difference between the degrees of reduction of biomass by its formula and by the fluxes."""
    inorganic_electrons: float = 0.01
    """Electrons from compounds without carbon, per electron of the substrate."""
    electrons_kept: float = 0.85
    """Share of electrons kept above which respiration could not pay for growth: growth on sugar dissipates about a
    quarter of the energy at the least (Heijnen and van Dijken 1992), and sound models keep 0.4 to 0.75. Carbon-free
    compounds that carry energy but no electrons (polyphosphate) are caught by this alone."""
    excreted: float = 0.1
    """Share of carbon excreted under oxygen above which growth is not limited by carbon, though all minerals are in
    plenty: a gap of the network, or a bound."""
    least_reduction: float = 3.5
    """Degree of reduction of biomass, where its formula is unknown (Roels 1983: about 4.2; with fat stored up to 5)."""
    most_reduction: float = 5.2
    energy: float = 1e-6
    """ATP that a model may make from nothing, mmol gDW-1 h-1."""
    growth: float = LEAST_GROWTH
    """Growth that a model may have from nothing, h-1."""


LIMITS = Limits()


class Population:
    """One metabolic model made ready: what its compounds are, how it grows, and its linear program.

    Parameters
    ----------
    model : MetabolicModel
    biomass : str, optional
        Identifier of the biomass reaction, where the file's own objective is not meant.

    Raises
    ------
    InputError
        Where there is no biomass reaction, or the named one is not there.
    """

    def __init__(self, model: MetabolicModel, biomass: str | None = None) -> None:
        self.substances: list[str] = identified(model)
        self.growth: Growth = growth_of(model, biomass)
        self.model: MetabolicModel
        self.maintenance: Maintenance
        self.model, self.maintenance = with_hydrolysis(model, self.substances)
        self.exchanges: Exchanges = exchanges_of(self.model, self.substances)
        self.composition: Composition = composition_of(self.model, self.substances, self.growth.assembly)
        self.biomass_compounds = biomass_compounds(self.model, self.growth, self.substances)
        self.carbon = self._exchanged_carbon()
        self._program: FluxProgram | None = None

    @property
    def program(self) -> FluxProgram:
        """The linear program, made when first asked for and kept: each solution starts from the last."""
        if self._program is None:
            self._program = FluxProgram(self.model)
        return self._program

    def _exchanged_carbon(self) -> NDArray[np.float64]:
        """Carbon atoms of the compound of each exchange: none for biomass itself, NaN where unknown."""
        carbon = self.composition.carbon[self.exchanges.compounds].copy()
        for i, compound in enumerate(self.exchanges.compounds):
            if int(compound) in self.biomass_compounds:
                carbon[i] = 0.0
        return carbon

    # ---- conditions

    def bounds(
        self,
        substrate: str | Mapping[str, float],
        *,
        uptake: float = 60.0,
        maintenance: str | float = "shipped",
        medium: str | Mapping[str, float] = "mineral",
        temperature: float = 25.0,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds of all fluxes: the medium and the substrate may come in, and nothing else.

        Parameters
        ----------
        substrate : str or mapping
            A known substance or the identifier of an exchange reaction; or a mixture, as shares of the carbon.
        uptake : float
            Largest uptake of the substrate, mmol C gDW-1 h-1.
        maintenance : {"shipped", "none", "normalised"} or float
            ATP spent beside growth: the file's own, none, one value for all genomes
            (`soilcue.genomes.growth.normalised_maintenance`), or a rate in mmol ATP gDW-1 h-1.
        medium : str or mapping
            A medium by name, or the largest uptake of each substance, mmol gDW-1 h-1. ``"open"`` opens every compound
            without carbon: a trap that many published numbers fell into, here to show it.
        temperature : float
            degC, for ``maintenance="normalised"``.

        Raises
        ------
        InputError
            For what is unknown, or has no exchange reaction (`NoExchange`).
        """
        if not 0 < uptake <= 1e4:
            raise InputError(f"uptake is {uptake:g} mmol C gDW-1 h-1; it must be positive, and at most 10,000.")
        lower, upper = self.closed_bounds()
        for name, limit in self._allowed(medium).items():
            self.open_ways(lower, upper, self.exchanges.of(name), limit)
        if medium == "open":
            free = np.flatnonzero(self.carbon == 0)
            biomass = [i for i, c in enumerate(self.exchanges.compounds) if int(c) in self.biomass_compounds]
            self.open_ways(lower, upper, np.setdiff1d(free, biomass), 1000.0)
        for name, share in shares_of(substrate).items():
            where, carbon = self.exchange_of(name)
            self.open_ways(lower, upper, where, uptake * share / carbon)
        rate = maintenance_rate(maintenance, temperature)
        if rate is not None:
            for reaction in self.maintenance.reactions:
                lower[reaction] = min(lower[reaction], 0.0) if upper[reaction] >= 0 else lower[reaction]
            if rate > 0:
                if self.maintenance.hydrolysis < 0:
                    raise InputError(
                        f"model {self.model.name!r}: its ATP, ADP, phosphate and water could not be told, so "
                        "maintenance cannot be set. Use maintenance='shipped' or 'none'."
                    )
                lower[self.maintenance.hydrolysis] = upper[self.maintenance.hydrolysis] = rate
        return lower, upper

    def closed_bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds of the file with every way in closed, and every way out that the file opens without limit.

        Limits of a file on what may leave (water, protons) are relics of its own study. Sinks, by which a file gives a
        cell what its reconstruction could not make, stay open for a trace.
        """
        model = self.model
        lower, upper = model.lower.copy(), model.upper.copy()
        for reaction in np.flatnonzero(model.boundary):
            takes_out = model.matrix.data[model.matrix.indptr[reaction]] < 0
            if takes_out:
                lower[reaction] = 0.0
                upper[reaction] = max(upper[reaction], UNLIMITED) if upper[reaction] > 0 else 0.0
            else:
                upper[reaction] = 0.0
                lower[reaction] = min(lower[reaction], -UNLIMITED) if lower[reaction] < 0 else 0.0
        for i in self.sinks:
            reaction, export = self.exchanges.reactions[i], self.exchanges.export[i]
            if export > 0:
                lower[reaction] = max(model.lower[reaction], -SINK_LIMIT / export)
            else:
                upper[reaction] = min(model.upper[reaction], SINK_LIMIT / -export)
        lower[self.growth.reaction] = 0.0
        upper[self.growth.reaction] = max(model.upper[self.growth.reaction], UNLIMITED)
        return lower, upper

    @cached_property
    def sinks(self) -> list[int]:
        """Exchanges by which the file lets an inner compound in."""
        model, found = self.model, []
        for i, (reaction, export) in enumerate(zip(self.exchanges.reactions, self.exchanges.export, strict=True)):
            inward = model.lower[reaction] < 0 if export > 0 else model.upper[reaction] > 0
            identifier = decoded(model.reactions[reaction]).removeprefix("R_").lower()
            if inward and identifier.startswith(("sink", "sk_", "source")) and reaction != self.growth.reaction:
                found.append(i)
        return found

    def _allowed(self, medium: str | Mapping[str, float]) -> Mapping[str, float]:
        if not isinstance(medium, str):
            for name in medium:
                if name not in substances():
                    raise unknown_name("substance of the medium", name, substances())
            return medium
        if medium == "open":
            return media()["mineral"]
        if medium not in media():
            raise unknown_name("medium", medium, [*media(), "open"])
        return media()[medium]

    def open_ways(
        self, lower: NDArray[np.float64], upper: NDArray[np.float64], where: Iterable[int], limit: float
    ) -> None:
        """Let compounds come in by exchanges, up to a limit, mmol gDW-1 h-1."""
        for i in where:
            reaction, export = self.exchanges.reactions[i], self.exchanges.export[i]
            if export > 0:
                lower[reaction] = -limit / export
            else:
                upper[reaction] = limit / -export

    def exchange_of(self, substrate: str) -> tuple[NDArray[np.int64], float]:
        """Exchanges of a substrate, and its carbon atoms.

        Raises
        ------
        NoExchange
            Where the model has none.
        InputError
            Where it holds no carbon, or its formula is unknown.
        """
        where = self.exchanges.of(substrate)
        if not where.size:
            named = self.model.reaction(substrate)
            where = np.flatnonzero(self.exchanges.reactions == named)
        if not where.size:
            raise NoExchange(substrate, self.model.name, sorted({name for name in self.exchanges.substance if name}))
        where = where[:1]  # one way in is enough; the others ("alpha-D-glucose") stay closed
        carbon = self.carbon[where[0]]
        if not carbon > 0:
            known = substances().get(substrate)
            carbon = known.carbon if known else np.nan
        if not carbon > 0:
            raise InputError(f"model {self.model.name!r}: {substrate!r} holds no carbon, or its formula is unknown.")
        return where, float(carbon)

    # ---- solutions

    def solve(
        self, substrate: str | Mapping[str, float], *, parsimonious: bool = True, **conditions
    ) -> tuple[str, float, NDArray[np.float64]]:
        """Status, growth rate (h-1) and fluxes at the largest growth: those of the smallest sum, if `parsimonious`."""
        nothing = np.full(len(self.model.reactions), np.nan)
        lower, upper = self.bounds(substrate, **conditions)
        program, growth = self.program, self.growth.reaction
        program.set_bounds(lower, upper)
        status, rate = program.largest({growth: 1.0})
        if status != OPTIMAL:
            return status, np.nan, nothing
        if rate < LEAST_GROWTH:
            return NO_GROWTH, rate, program.fluxes()
        if parsimonious:
            program.fix(growth, rate, rate)
            status, _ = program.smallest_total()
            if status == INFEASIBLE:  # by a rounding
                program.fix(growth, rate * (1 - 1e-9), rate)
                status, _ = program.smallest_total()
            if status != OPTIMAL:
                return FAILED, np.nan, nothing
        return GROWS, rate, program.fluxes()

    def yield_on(self, substrate: str | Mapping[str, float], **conditions) -> Yield:
        """The `Yield` on a substrate; conditions as in `bounds`. A substrate without an exchange has that status."""
        try:
            status, rate, fluxes = self.solve(substrate, **conditions)
        except NoExchange:
            return Yield(NO_EXCHANGE)
        if status != GROWS:
            return Yield(status, growth_rate=0.0 if status == NO_GROWTH else np.nan)
        return self.reckoned(substrate, rate, fluxes)

    def reckoned(self, substrate: str | Mapping[str, float], rate: float, fluxes: NDArray[np.float64]) -> Yield:
        """The carbon and electron budget of a set of fluxes."""
        outward = self.exchanges.export * fluxes[self.exchanges.reactions]
        outward[abs(outward) < 1e-9] = 0.0
        names = np.array(self.exchanges.substance, object)
        carbon = self.carbon.copy()
        electrons = self.composition.electrons[self.exchanges.compounds].copy()
        is_biomass = np.array([int(c) in self.biomass_compounds for c in self.exchanges.compounds], bool)
        inorganic = np.isin(names, INORGANIC) | (_is_inorganic_carbon(self.composition)[self.exchanges.compounds])
        comes_in = (outward < 0) & ~inorganic & ~is_biomass & (carbon != 0)
        leaves = (outward > 0) & ~inorganic & ~is_biomass & (carbon != 0)
        uptake = float(np.sum(-outward[comes_in] * carbon[comes_in]))
        respiration = float(np.sum(outward[inorganic] * np.nan_to_num(carbon[inorganic], nan=1.0)))
        # Traces of unknown formula are left out, where even large molecules would not make them matter.
        strange = leaves & np.isnan(carbon)
        if np.sum(outward[strange]) * LARGE_MOLECULE < TRACE * uptake:
            carbon[strange] = electrons[strange] = 0.0
        traces = np.isnan(electrons) & (np.abs(outward) * LARGE_MOLECULE < TRACE * uptake)
        electrons[traces] = 0.0
        exudation = float(np.sum(outward[leaves] * carbon[leaves]))
        oxygen = float(-np.sum(outward[names == "oxygen"]))
        asked = set()
        for name in shares_of(substrate):
            asked |= set(self.exchange_of(name)[0].tolist())
        own = np.isin(np.arange(len(outward)), list(asked))
        kept = uptake - respiration - exudation
        biomass_carbon, biomass_reduction = self.biomass_content()
        made = rate * biomass_carbon
        electrons_in = float(np.sum(-outward[comes_in] * electrons[comes_in]))
        electrons_out = float(np.sum(outward[leaves] * electrons[leaves]))
        free = (carbon == 0) & ~is_biomass & (names != "oxygen") & (outward != 0)
        given = float(np.sum(-outward[free] * np.nan_to_num(electrons[free])))
        substrate_reduction = electrons_in / uptake if uptake else np.nan
        apparent = (electrons_in - electrons_out - 4 * oxygen) / kept if kept > 0 else np.nan
        reduction = biomass_reduction if np.isfinite(biomass_reduction) else apparent
        bound = min(1.0, substrate_reduction / reduction) if reduction > 0 else np.nan
        cue_biomass = kept / uptake if uptake else np.nan
        order = np.argsort(-np.where(leaves, outward * np.nan_to_num(carbon, nan=1e6), 0.0), kind="stable")
        excreted = [int(i) for i in order if leaves[i] and not outward[i] * carbon[i] < 1e-3 * uptake][:4]
        found = Yield(
            GROWS,
            growth_rate=rate,
            uptake=uptake,
            respiration=respiration,
            exudation=exudation,
            oxygen=oxygen,
            biomass_carbon=made,
            cue_co2=1 - respiration / uptake if uptake else np.nan,
            cue_biomass=cue_biomass,
            growth_yield=1000 * rate / uptake if uptake else np.nan,
            electron_yield=cue_biomass * reduction / substrate_reduction if substrate_reduction else np.nan,
            respiratory_quotient=respiration / oxygen if oxygen > 0 else np.nan,
            carbon_gap=(kept - made) / uptake if uptake else np.nan,
            substrate_share=float(np.sum(-outward[own & comes_in] * carbon[own & comes_in])) / uptake
            if uptake
            else np.nan,
            substrate_reduction=substrate_reduction,
            biomass_reduction=biomass_reduction,
            apparent_reduction=apparent,
            inorganic_electrons=given / electrons_in if electrons_in else np.nan,
            electron_bound=bound,
            exudates=", ".join(f"{self.label(i)} {outward[i] * carbon[i] / uptake:.0%}" for i in excreted if uptake),
        )
        found = replace(found, at_bounds=" ".join(self._at_artificial_bounds(fluxes)))
        return replace(found, doubts="; ".join(doubts_of(found)))

    def label(self, exchange: int) -> str:
        """The name of what an exchange moves, as people call it."""
        compound = int(self.exchanges.compounds[exchange])
        named = self.exchanges.substance[exchange] or self.model.compound_names[compound]
        return named or self.model.compounds[compound]

    def biomass_content(self) -> tuple[float, float]:
        """Carbon of biomass, mmol gDW-1, and its degree of reduction; NaN where parts of it have no formula."""
        content = np.zeros(2)
        per_assembly = 1.0
        if self.growth.assembly != self.growth.reaction:
            made = self.model.column(self.growth.assembly)
            taken = self.model.column(self.growth.reaction)
            shared = [row for row in taken if made.get(row, 0.0) > 0]
            per_assembly = -taken[shared[0]] / made[shared[0]] if shared else np.nan
        for row, amount in self.model.column(self.growth.assembly).items():
            if row in self.biomass_compounds:
                continue
            content -= amount * np.array([self.composition.carbon[row], self.composition.electrons[row]])
        carbon, electrons = content * per_assembly
        return float(carbon), float(electrons / carbon) if carbon else np.nan

    def _at_artificial_bounds(self, fluxes: NDArray[np.float64]) -> list[str]:
        """Reactions whose flux meets the bound by which the file says "unlimited"."""
        largest = np.max(np.abs(np.concatenate([self.model.lower, self.model.upper])))
        limit = min(largest, UNLIMITED) if np.isfinite(largest) else UNLIMITED
        if limit < 100:
            return []
        return [self.model.reactions[j] for j in np.flatnonzero(np.abs(fluxes) >= 0.999 * limit)]

    def respired_range(
        self, substrate: str | Mapping[str, float], fraction: float = 0.99, *, exudates: bool = False, **conditions
    ) -> tuple[float, float]:
        """Smallest and largest CUE over all fluxes with at least a fraction of the largest growth.

        Uptake is held at what the optimum takes up. `exudates` counts excreted carbon as lost (CUE of biomass);
        otherwise only inorganic carbon is (CUE of CO2).

        Raises
        ------
        InputError
            Where the fraction is not within 0 to 1.
        """
        if not 0 <= fraction <= 1:
            raise InputError(f"fraction of the largest growth is {fraction:g}; it may be 0 to 1.")
        status, rate, fluxes = self.solve(substrate, parsimonious=False, **conditions)
        if status != GROWS:
            return np.nan, np.nan
        best = self.reckoned(substrate, rate, fluxes)
        program = self.program
        names = np.array(self.exchanges.substance, object)
        inorganic = np.isin(names, INORGANIC) | _is_inorganic_carbon(self.composition)[self.exchanges.compounds]
        lower, upper = program.lower.copy(), program.upper.copy()
        for name in shares_of(substrate):
            for i in self.exchange_of(name)[0]:
                reaction = self.exchanges.reactions[i]
                lower[reaction] = upper[reaction] = fluxes[reaction]
        lower[self.growth.reaction] = fraction * rate * (1 - 1e-9)
        program.set_bounds(lower, upper)
        counted = inorganic.copy()
        if exudates:
            counted |= np.nan_to_num(self.carbon) > 0
            for name in shares_of(substrate):
                counted[self.exchange_of(name)[0]] = False
        carbon = np.where(inorganic, np.nan_to_num(self.carbon, nan=1.0), np.nan_to_num(self.carbon))
        weights: dict[int, float] = {}
        for i in np.flatnonzero(counted):
            reaction = int(self.exchanges.reactions[i])
            weights[reaction] = weights.get(reaction, 0.0) + float(self.exchanges.export[i] * carbon[i])
        most, least = program.largest(weights), program.smallest(weights)
        if most[0] != OPTIMAL or least[0] != OPTIMAL:
            return np.nan, np.nan
        return 1 - most[1] / best.uptake, 1 - least[1] / best.uptake


class NoExchange(InputError):
    """A model cannot take a substrate up, or calls it by a name that is not known here."""

    def __init__(self, substrate: str, model: str, known: list[str]) -> None:
        here = ", ".join(known) or "none that is known by name"
        super().__init__(
            f"model {model!r} has no exchange reaction for {substrate!r}. It exchanges: {here}. A substrate may "
            "also be named by its exchange reaction."
        )


def _is_inorganic_carbon(composition: Composition) -> NDArray[np.bool_]:
    """Compounds that are carbon without electrons: CO2, bicarbonate, carbonate."""
    with np.errstate(invalid="ignore"):
        one = composition.carbon == 1
        other = np.zeros(len(one))
        for symbol, row in zip(composition.symbols, composition.atoms, strict=True):
            if symbol not in ("C", "O", "H"):
                other = other + np.nan_to_num(row)
        return one & (np.abs(composition.electrons) < 1e-9) & (other == 0)


def doubts_of(found: Yield, limits: Limits = LIMITS) -> list[str]:
    """Every reason not to trust the numbers of a yield, as far as they can be seen in it."""
    doubts = []
    if not found.uptake > 0:
        doubts.append("it grows without taking up organic carbon")
    elif found.oxygen > 0 and found.exudation > limits.excreted * found.uptake:
        doubts.append(
            f"excretes {found.exudation / found.uptake:.0%} of its carbon: something else than carbon limits it"
        )
    if np.isnan(found.exudation):
        doubts.append("a compound of unknown formula is excreted")
    if np.isfinite(found.carbon_gap) and abs(found.carbon_gap) > limits.carbon_gap:
        doubts.append(f"carbon does not close: {found.carbon_gap:+.1%} of uptake")
    if found.cue_biomass > found.electron_bound + limits.above_bound:
        doubts.append(f"CUE above the electron bound {found.electron_bound:.2f}")
    if found.electron_yield > limits.electrons_kept:
        doubts.append(f"keeps {found.electron_yield:.0%} of the electrons: its energy comes from elsewhere")
    if abs(found.inorganic_electrons) > limits.inorganic_electrons:
        doubts.append(f"electrons of inorganic compounds: {found.inorganic_electrons:+.0%} of the substrate's")
    own, apparent = found.biomass_reduction, found.apparent_reduction
    if np.isfinite(own) and np.isfinite(apparent) and abs(apparent - own) > limits.reduction_gap * own:
        doubts.append(f"electrons do not balance: biomass holds {own:.2f} per carbon, the fluxes leave {apparent:.2f}")
    elif not np.isfinite(own) and not limits.least_reduction <= apparent <= limits.most_reduction:
        left = f"{apparent:.2f} per carbon are left for biomass" if np.isfinite(apparent) else "too much is unknown"
        doubts.append(f"electrons do not balance: {left}")
    if found.at_bounds:
        first, *more = found.at_bounds.split()
        doubts.append(f"flux at an artificial bound: {first}" + (f" and {len(more)} more" if more else ""))
    return doubts
