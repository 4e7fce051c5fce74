"""Incubations of any soil that holds microbes, and all that methods of measuring CUE look at in them.

A substrate is added to one pool and its carbon followed as label through every flux; DNA made with water that bears
18O is followed as a second tracer, one that growth feeds and death takes away. What a method would read of this is that
method's own matter: `soilcue.measure`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from soilcue.core.budget import budget_weights
from soilcue.core.errors import InputError, NotDefinedError, unknown_name
from soilcue.core.network import CO2, Network, Structure
from soilcue.core.parameters import Parameter
from soilcue.core.units import convert
from soilcue.lab.incubation import POPULATIONS, IncubatedSoil
from soilcue.measure.incubation import CARBON_MASS, Incubation
from soilcue.solve.tracers import Course, Tracer, follow, label_tracer

if TYPE_CHECKING:
    import xarray as xr

    from soilcue.soil_model import SoilModel

HOURS = (1.0, 6.0, 24.0, 72.0, 168.0)
"""Of incubation, when nothing else is asked for."""
LONGEST = 24.0 * 366
"""Longest incubation, h."""
TOLERANCE = 1e-9
"""Largest estimated error of a run, relative to the carbon in the jar."""
MOST_STEPS = 50_000
"""Most steps of a run; beyond this a soil is too stiff for it."""
_PADDED_TO, _HOURS_PADDED_TO = 64, 8

REFERENCE_STOCKS = {"dissolved": 20.0, "active_users": 400.0, "necromass": 40.0}
"""What the reference soil starts with, microgram of carbon per gram; all other pools are empty."""


class Composition(eqx.Module):
    """What cells are made of, as far as methods see it.

    Parameters
    ----------
    extractable : mapping of str to float
        Share of the carbon of each living pool that chloroform makes extractable (kEC).
    carbon_per_dna : float
        Carbon per DNA in the living pools, g g-1 (fDNA).
    relic_dna : float
        Share of the DNA of dead cells that stays extractable.
    oxygen_from_water : float
        Share of the oxygen of new DNA that comes from water.
    substrate_reduction, biomass_reduction, exudate_reduction : float
        Degree of reduction of the added substrate, of biomass and of what it exudes, electrons per carbon.
    native_reduction : mapping of str to float
        The same of each pool of carbon that does not live.
    oxycaloric : float
        Heat per oxygen used, kJ mol-1.
    reserves : tuple of str
        Living pools without DNA.
    """

    extractable: dict[str, Any]
    carbon_per_dna: Any
    relic_dna: Any
    oxygen_from_water: Any
    substrate_reduction: Any
    biomass_reduction: Any
    exudate_reduction: Any
    native_reduction: dict[str, Any]
    oxycaloric: Any
    reserves: tuple[str, ...] = eqx.field(static=True, default=())


class Jar(eqx.Module):
    """Soil that is ready to be incubated; a JAX pytree, so gradients reach every number in it.

    Parameters
    ----------
    network : Network
        With living pools.
    stocks : array, shape (pools,)
        At the start, before anything is added, in the network's unit.
    drivers : mapping
        Held during the incubation, in the network's units: those of the place the soil comes from.
    composition : Composition
    per_dose : float
        Carbon in the network's unit per microgram of carbon added to a gram of soil.
    into : str
        Pool that a substrate is added to.
    closed : bool
        Whether plants' input is cut off; what a model makes of the size of that input (turnover, in some) stays.
    """

    network: Network
    stocks: Any
    drivers: dict[str, Any]
    composition: Composition
    per_dose: Any
    into: str = eqx.field(static=True)
    closed: bool = eqx.field(static=True, default=False)

    def environment(self) -> dict[str, Any]:
        """Whatever depends on drivers and parameters alone, in the jar."""
        environment = self.network.environment(self.drivers)
        return {**environment, "input": jnp.zeros(())} if self.closed else environment


def reference_jar(
    parameters: Mapping[str, Any] | None = None,
    stocks: Mapping[str, Any] | None = None,
    **cells: Any,
) -> Jar:
    """A jar of the incubation model.

    Parameters
    ----------
    parameters : mapping of str to value, optional
        Parameters of `IncubatedSoil` that differ from the reference; one value for both populations, or two.
    stocks : mapping of str to float, optional
        Pools that differ from `REFERENCE_STOCKS`, microgram of carbon per gram of soil.
    **cells
        What cells and their food are made of, where it differs from `USUAL_CELLS`: ``extractable`` (kEC; one value, or
        that of the structure and that of reserves), ``carbon_per_dna``, ``relic_dna``, ``oxygen_from_water``;
        ``substrate_reduction``, ``native_reduction`` (one value, or some pools with theirs), ``biomass_reduction``,
        ``exudate_reduction``, ``oxycaloric``.

    Raises
    ------
    InputError
        For an unknown parameter or pool, a value out of its bounds, or parameters that contradict each other.
    """
    of_two = {p.name for p in IncubatedSoil.declared if p.components == POPULATIONS}
    for name, value in (parameters or {}).items():
        if not np.issubdtype(np.asarray(value).dtype, np.number):
            raise InputError(f"parameter {name!r} is {value!r}; give a number, or one for each population.")
    changed = {
        name: np.full(2, value) if name in of_two and np.ndim(value) == 0 else value
        for name, value in (parameters or {}).items()
    }
    make: type[Network] = IncubatedSoil
    network = make(changed)
    for words, crossed in network.limits(network.environment({})).items():
        if np.any(crossed):
            raise InputError(f"incubation model: {words}. Change exudation, overflow, assimilation or growth_yield.")
    names = [pool.name for pool in network.pools]
    start = dict.fromkeys(names, 0.0) | REFERENCE_STOCKS
    for name, value in (stocks or {}).items():
        if name not in names:
            raise unknown_name("pool of the incubation model", name, names)
        if not _is_number(value) or not 0 <= float(value) < np.inf:
            raise InputError(f"stock of {name!r} is {value}; it must be zero or more, in ug of carbon per g of soil.")
        start[name] = float(value)
    living = tuple(pool.name for pool in network.pools if pool.kind == "living")
    if sum(start[name] for name in living) <= 0:
        raise InputError("the jar holds no microbes: give 'active_users' (or another living pool) a stock above zero.")
    reserves = tuple(name for name in living if name.startswith("reserve"))
    first = jnp.array([start[name] for name in names])
    return Jar(network, first, {}, _composition(network.structure(), reserves, cells), jnp.ones(()), "added")


def _is_number(value: Any) -> bool:
    """Whether a value is one number, of Python, NumPy or JAX."""
    return np.ndim(value) == 0 and np.issubdtype(np.asarray(value).dtype, np.number)


USUAL_CELLS = {
    "extractable": 0.45,
    "carbon_per_dna": 20.0,
    "relic_dna": 0.0,
    "oxygen_from_water": 1.0,
    "substrate_reduction": 4.0,
    "native_reduction": 4.0,
    "biomass_reduction": 4.2,
    "exudate_reduction": 4.2,
    "oxycaloric": 469.0,
}
"""What cells and their food are taken for where nothing is said of them: the usual kEC, 20 g of carbon per g of DNA,
carbohydrate for food and its heat of combustion, biomass and exudates as in Chakrawal et al. (2020)."""
CELLS = {
    declared.name: declared
    for declared in (
        Parameter("extractable", "1", 0.01, 1.0, "share of biomass carbon that chloroform makes extractable (kEC)"),
        Parameter("carbon_per_dna", "g g-1", 1.0, 500.0, "carbon of living cells per DNA (fDNA)"),
        Parameter("relic_dna", "1", 0.0, 1.0, "share of the DNA of dead cells that stays"),
        Parameter("oxygen_from_water", "1", 0.05, 1.0, "share of the oxygen of new DNA that comes from water"),
        Parameter("substrate_reduction", "1", 0.5, 8.0, "degree of reduction of the substrate, electrons per carbon"),
        Parameter("native_reduction", "1", 0.5, 8.0, "that of native carbon"),
        Parameter("biomass_reduction", "1", 3.5, 5.2, "that of biomass"),
        Parameter("exudate_reduction", "1", 0.5, 8.0, "that of what is exuded; of biomass where it is not given"),
        Parameter("oxycaloric", "kJ mol-1", 300.0, 600.0, "heat per oxygen used"),
    )
}
"""The properties of cells and their food, with unit and bounds."""


def _composition(structure: Structure, reserves: tuple[str, ...], given: Mapping[str, Any]) -> Composition:
    """The composition of cells and their food, checked."""
    living = structure.living()
    dead = [
        pool.name for pool in structure.pools if pool.currency == "carbon" and pool.kind not in ("living", "memory")
    ]
    given, of_pools = dict(given), given.get("native_reduction")
    if isinstance(of_pools, Mapping):
        del given["native_reduction"]
        for pool, value in of_pools.items():
            if pool not in dead:
                raise unknown_name("pool with a degree of reduction of its own", pool, dead)
            _check_property("native_reduction", value, (), f" of {pool}")
    for name, value in given.items():
        if name not in USUAL_CELLS:
            raise unknown_name("property of cells and their food", name, USUAL_CELLS)
        _check_property(name, value, (2,) if name == "extractable" else ())
    chosen = {name: jnp.asarray(given.get(name, usual), float) for name, usual in USUAL_CELLS.items()}
    structural, reserve = jnp.broadcast_to(chosen.pop("extractable"), (2,))
    extractable = {name: reserve if name in reserves else structural for name in living}
    native = dict.fromkeys(dead, chosen.pop("native_reduction"))
    if isinstance(of_pools, Mapping):
        native |= {pool: jnp.asarray(value, float) for pool, value in of_pools.items()}
    if "exudate_reduction" not in given:
        chosen["exudate_reduction"] = chosen["biomass_reduction"]
    return Composition(extractable, native_reduction=native, reserves=reserves, **chosen)


def _check_property(name: str, value: Any, shape: tuple[int, ...], of: str = "") -> None:
    low, high = CELLS[name].low, CELLS[name].high
    if not np.issubdtype(np.asarray(value).dtype, np.number) or np.shape(value) not in ((), shape):
        raise InputError(f"{name}{of} takes one number{' or two' * bool(shape)}; got {value!r}.")
    if not ((np.asarray(value, float) >= low) & (np.asarray(value, float) <= high)).all():
        raise InputError(f"{name}{of} is {value}; it must be {low:g} to {high:g}.")


def jar_of(
    model: SoilModel,
    drivers: xr.Dataset,
    into: str | None = None,
    *,
    bulk_density: float,
    start: xr.Dataset | None = None,
    **cells: Any,
) -> Jar:
    """A jar of soil as a soil model describes it at one site: its stocks, closed, without further input.

    Parameters
    ----------
    model : SoilModel
        With living pools: ``soilcue.model("mimics")``, ``"millennial"``, ...
    drivers : xr.Dataset
        Of one site; under a seasonal climate the mean of the year.
    into : str, optional
        Pool that a substrate is added to; the first dissolved pool by default, where there is one.
    bulk_density : float
        kg m-3: a dose is per gram of soil, the model's carbon per area or volume.
    start : xr.Dataset, optional
        Stocks: a state of the model (`steady_state`, or one record of `simulate`); its steady state by default.
    **cells
        What cells are made of, as in `reference_jar`: soil models say nothing of it.

    Raises
    ------
    NotDefinedError
        For a model without microbes.
    InputError
        For drivers of more than one site, a site without a steady state, an unknown pool.
    """
    network = model.network
    living = model.structure.living()
    if not living:
        raise NotDefinedError(_NO_MICROBES.format(network.name))
    outside = [
        pool.name for pool in network.pools if pool.currency == "carbon" and pool.kind not in ("living", "memory")
    ]
    dissolved = [pool.name for pool in network.pools if pool.kind == "dissolved"]
    if into is None and not dissolved:
        raise InputError(
            f"the model {network.name!r} has no dissolved carbon to add a substrate to: say which pool takes it, "
            f"into=... ({', '.join(outside)})."
        )
    into = into or dissolved[0]
    if into not in outside:
        raise unknown_name(f"pool of model {network.name!r} that a substrate can be added to", into, outside)
    if not 50 <= bulk_density <= 3000:
        raise InputError(f"bulk density is {bulk_density}; it must be 50 to 3000 kg m-3 (1300 kg m-3 is 1.3 g cm-3).")
    if start is None:
        start = model.steady_state(drivers, season="annual-mean", eigenvalues=False)
        if (start["status"] != 0).all():
            raise InputError(
                "the model finds no steady state for this site; see state['status'] of model.steady_state."
            )
    stocks, felt = model.in_model_units(start, drivers)
    if stocks.shape[1] != 1:
        raise InputError(f"a jar holds the soil of one site; these drivers hold {stocks.shape[1]}. Select one.")
    during = {name: jnp.asarray(values[0]) for name, values in felt.items()}
    per_dose = convert(1.0, "ug g-1", "kg kg-1") * bulk_density
    to_unit = (
        convert(per_dose, "kg m-3", network.carbon_unit)
        if "-3" in network.carbon_unit
        else convert(per_dose * network.depth, "kg m-2", network.carbon_unit)
    )
    composition = _composition(model.structure, (), cells)
    return Jar(network, jnp.asarray(stocks[:, 0]), during, composition, jnp.asarray(to_unit), into, closed=True)


_NO_MICROBES = (
    "the model {!r} holds no living pool (its microbes are implicit): there is nothing in it that a method of "
    "measuring CUE could read. Take a model with microbes (list_models)."
)


def dna_tracer(structure: Structure, composition: Composition, rise: Any = np.inf) -> Tracer:
    """DNA made since the start, as the carbon of the cells it was made with.

    Fed by growth: what enters a living pool from outside (or from reserves) less what is respired for it and exuded.
    It goes with cells that fall dormant or wake, and is lost with those that die, save the share that stays as relic.
    Maintenance makes no DNA and destroys none.

    Parameters
    ----------
    structure : Structure
    composition : Composition
    rise : float
        Rate at which the water comes up to its final enrichment, in the inverse time unit of the network.
    """
    living = set(structure.living())
    bearing = living - set(composition.reserves)
    row = {pool.name: i for i, pool in enumerate(structure.pools)}
    gain, moved, died = (np.zeros((len(row), len(structure.fluxes))) for _ in range(3))
    for j, flux in enumerate(structure.fluxes):
        into, out_of = flux.target in bearing, flux.source in bearing
        eaten = out_of and (
            flux.through not in (None, flux.source) or (flux.target in living and flux.process == "uptake")
        )
        if flux.process == "dormancy":
            moved[row[flux.source], j] -= out_of
            moved[row[flux.target], j] += into
        elif flux.process == "mortality":
            died[row[flux.source], j] -= out_of
        elif flux.process != "maintenance":
            if into:
                gain[row[flux.target], j] += 1
            if eaten:
                moved[row[flux.source], j] -= 1
            elif out_of and flux.target not in living:
                gain[row[flux.source], j] -= 1
    return Tracer(jnp.asarray(gain), jnp.asarray(moved) + (1 - composition.relic_dna) * jnp.asarray(died), rise)


def step_lengths(hours: Iterable[float], longest: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps that end at every hour asked for, and after how many of them each is reached.

    Steps of length zero at the end bring their number to a multiple, so that few programs are compiled.
    """
    lengths: list[float] = []
    ends, before = [], 0.0
    for hour in hours:
        count = max(4, int(np.ceil((hour - before) / longest)))
        lengths += [(hour - before) / count] * count
        ends.append(len(lengths) - 1)
        before = hour
    return np.array(lengths + [0.0] * (-len(lengths) % _PADDED_TO)), np.array(ends)


@eqx.filter_jit
def incubation_sums(
    jar: Jar, dose: Any, lengths: Any, ends: Any, vapour: Any = np.inf
) -> tuple[dict[str, Any], Course, tuple[Any, Any]]:
    """What happens in a jar, as the fields of `Incubation`: pure, and differentiable in all that is a number.

    Parameters
    ----------
    jar : Jar
    dose : array, shape ()
        Labelled carbon added, microgram per gram of soil.
    lengths, ends : arrays
        From `step_lengths`, in hours.
    vapour : array, shape ()
        Rate at which water vapour brings 18O into the soil's water, h-1; infinite for water added as a liquid.

    Returns
    -------
    fields : dict of str to array, shape (hours,)
    course : Course
        At the hours, from which all of it is summed.
    gaps : tuple of float
        What is missing of the carbon and of the label.
    """
    network, composition = jar.network, jar.composition
    structure = network.structure()
    living = structure.living()
    if not living:
        raise NotDefinedError(_NO_MICROBES.format(network.name))
    row = {pool.name: i for i, pool in enumerate(structure.pools)}
    unit = convert(1.0, "h", network.time_unit)
    added = dose * jar.per_dose
    label = jnp.zeros(len(row)).at[row[jar.into]].set(added)
    tracers = (
        label_tracer(structure),
        dna_tracer(structure, composition),
        dna_tracer(structure, composition, vapour / unit),
    )
    start = jnp.asarray(jar.stocks) + label
    amounts = jnp.stack([label, jnp.zeros_like(label), jnp.zeros_like(label)])
    course = follow(network, start, amounts, jar.environment(), tracers, lengths * unit)
    course = Course(
        course.stocks[ends], course.amounts[ends], course.flows[ends], course.carried[ends], error=course.error
    )

    weights = budget_weights(structure, living)
    of = {name: np.array([flux.process == name for flux in structure.fluxes]) for name in ("maintenance", "overflow")}
    part = {
        "uptake": weights["uptake"],
        "growth_respiration": weights["respiration"] * ~of["maintenance"] * ~of["overflow"],
        "maintenance": weights["respiration"] * of["maintenance"],
        "overflow": weights["respiration"] * of["overflow"],
        "exudation": weights["exudation"],
        "mortality": weights["mortality"],
    }
    fields = {name: course.flows @ weight for name, weight in part.items()}
    of_label, of_dna, of_vapour = (course.carried[:, 0], course.amounts[:, 1], course.amounts[:, 2])
    alive = np.array([row[name] for name in living])
    held = course.amounts[:, 0]
    flush = held[:, alive] @ jnp.stack([jnp.asarray(composition.extractable[name], float) for name in living])
    in_biomass = held[:, alive].sum(axis=1)
    respired = np.array([flux.target == CO2 for flux in structure.fluxes], float)
    from_added = np.array([flux.source == jar.into for flux in structure.fluxes])
    structural = np.array([row[name] for name in living if name not in composition.reserves])
    cells = course.stocks[:, alive]
    total_flush = cells @ jnp.stack([jnp.asarray(composition.extractable[name], float) for name in living])
    time = jnp.cumsum(lengths)[ends]
    oxygen = _oxygen(structure, weights, jar, course.flows, of_label)
    fields |= {
        "biomass_start": start[alive].sum() + 0 * in_biomass,
        "biomass_end": cells.sum(axis=1),
        "label_added": added + 0 * in_biomass,
        "label_uptake": of_label @ (weights["uptake"] * from_added),
        "label_biomass": in_biomass,
        "label_respired": of_label @ respired,
        "label_dissolved": held[:, row[jar.into]],
        "label_structure": in_biomass
        if len(structural) == len(alive)
        else held[:, structural].sum(axis=1) / course.stocks[:, structural].sum(axis=1) * cells.sum(axis=1),
        "dna_made": of_dna.sum(axis=1),
        "dna_made_vapour": of_vapour.sum(axis=1) / mean_rise(vapour * time),
        "oxygen": oxygen,
        "heat": composition.oxycaloric * oxygen,
        "time": time,
        "kec": jnp.where(in_biomass > 0, flush, total_flush) / jnp.where(in_biomass > 0, in_biomass, cells.sum(axis=1)),
        "fdna": composition.carbon_per_dna,
        "oxygen_from_water": composition.oxygen_from_water,
        "substrate_reduction": composition.substrate_reduction,
        "biomass_reduction": composition.biomass_reduction,
        "oxycaloric": composition.oxycaloric,
    }
    return fields, course, _gaps(structure, start, added, course)


def _oxygen(structure: Structure, weights: Mapping[str, np.ndarray], jar: Jar, flows: Any, of_label: Any) -> Any:
    """Oxygen used, mol per gram of carbon times the network's unit: of each flux that microbes make, by its electrons.

    A flux brings the electrons of what it leaves and keeps those of what it becomes, biomass or exudate; CO2 keeps
    none; oxygen takes what is over, four electrons each (less than nothing where biomass is the more reduced).
    Death, and what moves between pools that do not live, costs none: carbon is taken to be as reduced as the pool
    that it is in, except added substrate, which is followed by its label.
    """
    composition = jar.composition
    living = set(structure.living())
    active = weights["uptake"] + weights["respiration"] + weights["exudation"] > 0
    native, product, added = [], [], np.zeros(len(structure.fluxes))
    for j, flux in enumerate(structure.fluxes):
        if not active[j]:
            native.append(0.0)
            product.append(0.0)
            continue
        eaten = flux.source not in living
        native.append(composition.native_reduction[flux.source] if eaten else composition.biomass_reduction)
        exuded = weights["exudation"][j] > 0
        kept = composition.exudate_reduction if exuded else composition.biomass_reduction
        product.append(0.0 if flux.target == CO2 else kept)
        added[j] = flux.source == jar.into
    electrons = flows @ (
        jnp.stack([jnp.asarray(x, float) for x in native]) - jnp.stack([jnp.asarray(x, float) for x in product])
    )
    differs = composition.substrate_reduction - composition.native_reduction[jar.into]
    return (electrons + differs * (of_label @ (added * active))) / 4 / CARBON_MASS


def _gaps(structure: Structure, start: Any, added: Any, course: Course) -> tuple[Any, Any]:
    """What is missing of the carbon, and of the label, relative to all of it; the largest of the hours."""
    carbon = np.array([pool.currency == "carbon" for pool in structure.pools])
    net = structure.stoichiometry()[carbon].sum(axis=0)
    come, gone = np.maximum(net, 0), np.maximum(-net, 0)
    whole = start[carbon].sum() + course.flows @ come
    gap = course.stocks[:, carbon].sum(axis=1) + course.flows @ gone - whole
    missing = course.amounts[:, 0].sum(axis=1) + course.carried[:, 0] @ gone - added
    return jnp.max(jnp.abs(gap) / whole), jnp.max(jnp.abs(missing)) / jnp.where(added > 0, added, 1.0)


def mean_rise(progress: Any) -> Any:
    """Mean of 1 - exp(-k t) over an incubation, by its progress k t: 1 where the water is labelled from the start."""
    safe = jnp.where(jnp.isinf(progress), 1.0, progress)
    return jnp.where(jnp.isinf(progress), 1.0, 1 + jnp.expm1(-safe) / safe)


@dataclass(frozen=True)
class Incubated:
    """An incubation that was run: what methods look at, and how well the run closes.

    `incubation` has one value an hour of `hours`. `error` is the estimated error of the integration relative to the
    carbon in the jar, `carbon_gap` and `label_gap` what is missing of all carbon and of the label, relative to it.
    """

    jar: Jar
    hours: np.ndarray
    incubation: Incubation
    course: Course
    error: float
    carbon_gap: float
    label_gap: float


def incubate(jar: Jar, hours: Iterable[float] = HOURS, dose: float = 20.0, vapour: float = np.inf) -> Incubated:
    """Incubate a jar of soil, with steps short enough.

    Parameters
    ----------
    jar : Jar
        From `reference_jar` or `jar_of`.
    hours : iterable of float
        When to look, h; rising.
    dose : float
        Labelled carbon added, microgram per gram of soil. Zero: nothing is added, and label methods read nothing.
    vapour : float
        Rate at which water vapour brings 18O into the soil's water, h-1; infinite for water added as a liquid.

    Returns
    -------
    Incubated

    Raises
    ------
    InputError
        For hours or a dose that make no sense, or a soil so stiff that no step was short enough.
    NotDefinedError
        For a model without microbes.
    """
    times = checked_hours(hours)
    if not _is_number(dose) or not 0 <= dose < np.inf:
        raise InputError(f"dose is {dose}; it must be zero or more, in microgram of carbon per gram of soil.")
    if not vapour > 0:
        raise InputError(f"rate of vapour equilibration is {vapour} per hour; it must be above zero.")
    longest = 1.0 if times[-1] <= 240 else times[-1] / 240
    while times[-1] / longest <= MOST_STEPS:
        lengths, ends = step_lengths(times, longest)
        # the last hour repeated, for the same reason as steps of length zero
        ends = np.concatenate([ends, np.repeat(ends[-1:], -len(ends) % _HOURS_PADDED_TO)])
        fields, course, gaps = incubation_sums(jar, jnp.asarray(dose, float), lengths, ends, jnp.asarray(vapour, float))
        course = jax.tree.map(np.asarray, course)
        least = course.stocks.min() / course.stocks.sum(axis=1).max()
        if course.error <= TOLERANCE and least >= -TOLERANCE and np.isfinite(course.stocks).all():
            break
        # a fifth-order step's error falls with its fifth power; every length tried is a program compiled
        gained = (TOLERANCE / float(course.error)) ** 0.2 if np.isfinite(course.error) and least >= -TOLERANCE else 0.25
        longest *= float(np.clip(0.8 * gained, 1 / 16, 1 / 2))
    else:
        raise InputError(
            f"{jar.network.title}: too stiff a soil, no step down to {times[-1] / len(lengths):.1g} h was short enough "
            f"(estimated error {float(course.error):.1e} of the carbon in the jar). Shorten the incubation, or slow "
            "the fastest rates."
        )
    count = len(times)
    incubation = Incubation(
        **{name: np.asarray(value)[:count] if value.ndim else float(value) for name, value in fields.items()}
    )
    course = Course(
        course.stocks[:count], course.amounts[:count], course.flows[:count], course.carried[:count], course.error
    )
    return Incubated(jar, times, incubation, course, float(course.error), *map(float, gaps))


def checked_hours(hours: Iterable[float]) -> np.ndarray:
    """Hours as an array; `InputError` unless they are above zero, rising and no more than a year."""
    try:
        times = np.array([hours] if isinstance(hours, str) else list(hours), dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"hours are {hours!r}; give numbers, such as 6, 24, 72.") from None
    if not len(times) or not np.isfinite(times).all() or times[0] <= 0 or (np.diff(times) <= 0).any():
        raise InputError(f"hours are {', '.join(f'{t:g}' for t in times) or 'none'}; give rising numbers above zero.")
    if times[-1] > LONGEST:
        raise InputError(f"an incubation of {times[-1]:g} h is longer than a year ({LONGEST:g} h): shorten it.")
    return times
