"""What every soil model must keep, as checks of one model: for those of this project and for anyone's.

The sums are made here from the list of fluxes alone, not with the code that solves and reports.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

import soilcue as sc
from soilcue.core.budget import RULES, budget_weights, diagnosis_weights
from soilcue.core.network import CO2, INPUT, KINDS, LEACHED, Flux, Network, Structure
from soilcue.core.references import REFERENCES
from soilcue.core.units import convert, parse_unit
from soilcue.core.variables import DRIVERS, find_driver


@dataclass
class Case:
    """A model, drivers of some cells along `site`, and the state it gives for them, with every flux."""

    model: sc.SoilModel
    drivers: xr.Dataset
    state: xr.Dataset

    @property
    def network(self) -> Network:
        return self.model.network

    def environment(self) -> dict:
        return self.network.environment(drivers_in_model_units(self.network, self.drivers))

    def stocks(self) -> np.ndarray:
        """Stocks of the state in the model's unit, shape (pools, cells)."""
        return np.stack([self.state[pool.name].values for pool in self.network.pools]) / gram_per_square_metre(
            self.network
        )


def gram_per_square_metre(network: type[Network] | Network) -> float:
    """gC m-2 in one carbon unit of the model, over its reference depth."""
    if "-3" in network.carbon_unit:
        return convert(1.0, network.carbon_unit, "gC m-3") * network.depth
    return convert(1.0, network.carbon_unit, "gC m-2")


def drivers_in_model_units(network: Network, drivers: xr.Dataset) -> dict[str, np.ndarray]:
    per_day = convert(1.0, f"{network.time_unit}-1", "d-1")
    values = {}
    for need in (*network.needs, *network.option_needs(), *network.scheme_needs()):
        names = (need,) if isinstance(need, str) else need
        if "annual_carbon_input" in names:
            values["annual_carbon_input"] = drivers["carbon_input"].values * 365
        else:
            name = next(n for n in names if find_driver(drivers, n))
            values[name] = drivers[name].values
    values["carbon_input"] = drivers["carbon_input"].values / gram_per_square_metre(network) / per_day
    return values


def rates_at(fluxes: Iterator[Flux], cells: int) -> np.ndarray:
    """Rates of shape (fluxes, cells)."""
    return np.stack([np.broadcast_to(np.asarray(flux.rate), (cells,)) for flux in fluxes])


def rates(network: Network, stocks: np.ndarray, environment: dict) -> np.ndarray:
    named = {pool.name: stocks[i] for i, pool in enumerate(network.pools)}
    return rates_at(network.fluxes(named, environment), stocks.shape[1])


def net_change(structure: Structure, flows: np.ndarray) -> np.ndarray:
    return structure.stoichiometry() @ flows


def random_stocks(case: Case, seed: int) -> np.ndarray:
    """Stocks of a thousandth to a thousand times the steady ones, each pool of each cell on its own."""
    random = np.random.default_rng(seed)
    return case.stocks() * 10 ** random.uniform(-3, 3, case.stocks().shape)


# ---- what a model says of itself --------------------------------------------------------------------------------


def check_declaration(network: type[Network]) -> None:
    """Names, units, bounds and sources are there and mean something."""
    assert network.name
    assert network.title
    assert network.references
    assert set(network.references) <= set(REFERENCES)
    assert network.reference_depth > 0
    assert network.time_unit in ("h", "d", "yr")
    assert dict(parse_unit(network.carbon_unit).dimensionality)["[mass]"] == 1
    needs = {name for need in network.needs for name in ((need,) if isinstance(need, str) else need)}
    assert needs <= set(DRIVERS)
    assert {name for names in network.choice_needs.values() for name in names} <= set(DRIVERS)
    assert all(value in network.choices[name] for name, value in network.choice_needs)
    assert "carbon_input" in needs
    for pool in network.pools:
        assert pool.kind in KINDS
        assert pool.description
        assert pool.start > 0
    for assumption in network.assumptions:
        assert assumption.startswith(network.name[0].upper()) or network.title.split()[0] in assumption


def check_parameters(network: type[Network]) -> None:
    """Every parameter has unit, bounds and meaning; every set says whose it is and gives values within the bounds."""
    names = [parameter.name for parameter in network.declared]
    assert len(names) == len(set(names))
    for parameter in network.declared:
        parse_unit(parameter.unit)
        assert parameter.low < parameter.high
        assert np.isfinite([parameter.low, parameter.high]).all()
        assert parameter.description
    assert network.sets
    assert len({published.name for published in network.sets}) == len(network.sets)
    for published in network.sets:
        assert published.source
        assert set(published.source) <= set(REFERENCES)
        assert published.description
        values = network(published.name).parameters
        assert set(values) == set(names)
        for parameter in network.declared:
            value, unit = published.values[parameter.name]
            assert unit.strip()
            np.testing.assert_allclose(convert(values[parameter.name], parameter.unit, unit), value, rtol=1e-13)
            assert np.shape(values[parameter.name]) == ((len(parameter.components),) if parameter.components else ())


# ---- fluxes -------------------------------------------------------------------------------------------------------


def check_one_way(case: Case) -> None:
    """No rate is ever negative, and nothing leaves or passes where there is nothing."""
    environment, structure = case.environment(), case.model.structure
    for seed in range(3):
        stocks = random_stocks(case, seed)
        found = rates(case.network, stocks, environment)
        assert np.isfinite(found).all()
        assert (found >= 0).all()
        for i, pool in enumerate(case.network.pools):
            without = stocks.copy()
            without[i] = 0.0
            found = rates(case.network, without, environment)
            assert np.isfinite(found).all()
            for j, flux in enumerate(structure.fluxes):
                if flux.source == pool.name or flux.through == pool.name:
                    assert (found[j] == 0).all(), structure.names()[j]


def check_conservation(case: Case) -> None:
    """What the pools of a currency gain together is what comes in from outside less what goes out."""
    environment, structure = case.environment(), case.model.structure
    stocks = random_stocks(case, 7)
    found = rates(case.network, stocks, environment)
    change = net_change(structure, found)
    for currency in {pool.currency for pool in structure.pools}:
        members = [pool.currency == currency for pool in structure.pools]
        of_currency = np.array([structure.currency(flux) == currency for flux in structure.fluxes])
        entering = found[of_currency & [flux.source == INPUT for flux in structure.fluxes]].sum(axis=0)
        leaving = found[of_currency & [flux.target in (CO2, LEACHED) for flux in structure.fluxes]].sum(axis=0)
        throughput = found[of_currency].sum(axis=0)
        np.testing.assert_allclose((change[members].sum(axis=0) - entering + leaving) / throughput, 0, atol=1e-12)


def check_input(case: Case) -> None:
    """All of the carbon input arrives, whatever the stocks."""
    structure, network = case.model.structure, case.network
    entering = [
        j for j, flux in enumerate(structure.fluxes) if flux.source == INPUT and structure.currency(flux) == "carbon"
    ]
    for stocks in (case.stocks(), random_stocks(case, 3)):
        arrives = rates(network, stocks, case.environment())[entering].sum(axis=0)
        np.testing.assert_allclose(arrives, drivers_in_model_units(network, case.drivers)["carbon_input"], rtol=1e-13)


def check_linear_flag(case: Case) -> None:
    """A model that calls itself linear has rates proportional to their source pool; another one does not."""
    network, structure, environment = case.network, case.model.structure, case.environment()
    source = {pool.name: i for i, pool in enumerate(network.pools)}
    first, second = random_stocks(case, 1), random_stocks(case, 2)

    def per_source(stocks):
        found = rates(network, stocks, environment)
        return np.stack(
            [
                row / stocks[source[f.source]] if f.source in source else row
                for row, f in zip(found, structure.fluxes, strict=True)
            ]
        )

    one, two = per_source(first), per_source(second)
    proportional = np.allclose(one, two, rtol=1e-12, atol=0)
    assert proportional == network.linear
    assert network.implicit_microbes == (not structure.living())


# ---- the steady state ---------------------------------------------------------------------------------------------


def check_settled(case: Case) -> None:
    """Every plausible cell has an answer: at rest, and stable by eigenvalues found another way."""
    network, structure, environment = case.network, case.model.structure, case.environment()
    assert (case.state["status"] == 0).all()
    stocks = case.stocks()
    assert (stocks > 0).all()
    flows = rates(network, stocks, environment)
    loss = np.maximum(-structure.stoichiometry(), 0) @ flows
    assert np.max(np.abs(net_change(structure, flows)) / loss) < 1e-9

    def change(stocks, cell_environment):
        named = dict(zip((pool.name for pool in network.pools), stocks, strict=True))
        found = jnp.stack([jnp.asarray(f.rate, float) for f in network.fluxes(named, cell_environment)])
        return structure.stoichiometry() @ found

    cells = stocks.shape[1]
    spread = jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (cells,)) if jnp.ndim(leaf) == 0 else leaf, dict(environment)
    )
    slopes = np.asarray(jax.vmap(jax.jacfwd(change), in_axes=(1, 0))(jnp.asarray(stocks), spread))
    largest = np.linalg.eigvals(slopes).real.max(axis=1)
    assert (largest < 0).all()
    per_day = convert(1.0, f"{network.time_unit}-1", "d-1")
    np.testing.assert_allclose(case.state["largest_eigenvalue"], largest * per_day, rtol=1e-6)


def check_closure(case: Case) -> None:
    """Carbon that comes in leaves again, to 1e-10, and so does every other element."""
    state = case.state
    for element in case.model.structure.elements()[1:]:
        entering, leaving = state[f"{element}_input"], state[f"{element}_leaching"]
        assert (entering > 0).all()
        np.testing.assert_allclose(leaving / entering, 1, atol=1e-10)
    gap = state["respiration"] + state["leaching"] - state["carbon_input"]
    np.testing.assert_allclose(gap / state["carbon_input"], 0, atol=1e-10)
    np.testing.assert_allclose(state["carbon_input"], case.drivers["carbon_input"], rtol=1e-12)


def check_reported_fluxes(case: Case) -> None:
    """The flux table is the model's rates at the reported stocks, in gC m-2 d-1."""
    network = case.network
    per_day = gram_per_square_metre(network) * convert(1.0, f"{network.time_unit}-1", "d-1")
    expected = rates(network, case.stocks(), case.environment()) * per_day
    assert case.state["flux"].values.tolist() == case.model.structure.names()
    np.testing.assert_allclose(case.state["flux_rate"].values, expected, rtol=1e-11)


def check_budgets(case: Case) -> None:
    """At rest growth equals what dies and leaves, in every population and in the community."""
    state, structure = case.state, case.model.structure
    flows = state["flux_rate"].values
    living = structure.living()
    for members in [living, *((name,) for name in living)] if living else []:
        budget = {name: row @ flows for name, row in budget_weights(structure, members).items()}
        rest = budget["uptake"] - budget["respiration"] - budget["exudation"] - budget["mortality"]
        np.testing.assert_allclose(rest / budget["uptake"], 0, atol=1e-9)
        reported = "community" if members == living else "population"
        for part, values in budget.items():
            found = state[f"{reported}_{part}"]
            if reported == "population":
                found = found.sel(population=members[0])
            np.testing.assert_allclose(found, values, rtol=1e-12, atol=1e-15)


def check_diagnosed_cue(case: Case) -> None:
    """1 - R/D equals 1 - 1/N; each rule counts all that the one before it does."""
    diagnosed, flows = sc.cue(case.state), case.state["flux_rate"].values
    np.testing.assert_allclose(diagnosed["diagnosed_cue"], 1 - 1 / diagnosed["mean_passes"], rtol=1e-12)
    assert diagnosed["rule"].values.tolist() == list(RULES)
    assert (diagnosed["mean_passes"].diff("rule") >= 0).all()
    assert ((diagnosed["diagnosed_cue"] > 0) & (diagnosed["diagnosed_cue"] < 1)).all()
    for litter, name in ((True, "diagnosed_cue"), (False, "diagnosed_cue_without_litter")):
        weights = diagnosis_weights(case.model.structure, litter)
        for rule in RULES:
            expected = 1 - (weights["respiration"] @ flows) / (weights[rule] @ flows)
            np.testing.assert_allclose(diagnosed[name].sel(rule=rule), expected, rtol=1e-10)


def check_label_at_rest(case: Case) -> None:
    """A steady state labelled evenly, its input too, stays as it is: no flux carries another share than its source."""
    structure, network = case.model.structure, case.network
    share, stocks = 0.37, case.stocks()
    label = share * stocks
    ratio = {pool.name: label[i] / stocks[i] for i, pool in enumerate(structure.pools)} | {INPUT: share}
    flows = rates(network, stocks, case.environment())
    carried = np.stack([row * ratio[flux.source] for row, flux in zip(flows, structure.fluxes, strict=True)])
    throughput = np.abs(structure.stoichiometry()) @ carried
    np.testing.assert_allclose(net_change(structure, carried) / throughput, 0, atol=1e-10)


def respired_from_biomass(fluxes: Iterator[Flux]) -> Iterator[Flux]:
    """The same fluxes, but what is respired on its way through a microbe is first taken up, then respired by it."""
    for flux in fluxes:
        if flux.target == CO2 and flux.through is not None:
            yield flux._replace(target=flux.through, through=None)
            yield Flux(flux.through, CO2, "maintenance", flux.rate)
        else:
            yield flux


def check_respiration_from_biomass(case: Case) -> None:
    """Respiring from the substrate or from the biomass changes no budget, no CUE and no stock."""
    network, structure, environment = case.network, case.model.structure, case.environment()
    rewritten = Structure(structure.pools, tuple(respired_from_biomass(structure.fluxes)), structure.implicit_microbes)
    rewritten.check()
    living = structure.living()
    for stocks in (case.stocks(), random_stocks(case, 5)):
        named = {pool.name: stocks[i] for i, pool in enumerate(network.pools)}
        old = rates(network, stocks, environment)
        new = rates_at(respired_from_biomass(network.fluxes(named, environment)), stocks.shape[1])
        throughput = np.abs(structure.stoichiometry()) @ old
        np.testing.assert_allclose(
            (rewritten.stoichiometry() @ new - net_change(structure, old)) / throughput, 0, atol=1e-13
        )
        for members in [living, *((name,) for name in living)] if living else []:
            other = budget_weights(rewritten, members)
            for part, row in budget_weights(structure, members).items():
                np.testing.assert_allclose(other[part] @ new, row @ old, rtol=1e-13)
        for litter in (True, False):
            other = diagnosis_weights(rewritten, litter)
            for part, row in diagnosis_weights(structure, litter).items():
                # leaving litter out, respiration out of litter and respiration out of biomass are told apart
                if litter or part != "respiration":
                    np.testing.assert_allclose(other[part] @ new, row @ old, rtol=1e-13)


CHECKS_OF_A_CASE = (
    check_one_way,
    check_conservation,
    check_input,
    check_linear_flag,
    check_settled,
    check_closure,
    check_reported_fluxes,
    check_budgets,
    check_diagnosed_cue,
    check_label_at_rest,
    check_respiration_from_biomass,
)
CHECKS_OF_A_MODEL = (check_declaration, check_parameters)
