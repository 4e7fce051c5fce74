"""A nutrient scheme in a model that holds nitrogen: fed by its pools, on fluxes (solving it compiles for a minute)."""

import model_contract
import numpy as np
import plausible
import pytest

import soilcue as sc
from soilcue.core.coupled import Coupled
from soilcue.core.errors import InputError
from soilcue.models import MODELS
from soilcue.models.mimics import MICROBES, SUBSTRATES
from soilcue.models.mimics_cn import nitrogen_of
from soilcue.schemes import chosen_schemes

FED = ["litter-stoichiometry", "nitrogen-enzymes", "nitrogen-threshold"]


@pytest.fixture(scope="module")
def drivers():
    return plausible.cells(4, seed=8).drop_vars("historic_temperature", errors="ignore")


def poor_stocks(network, ratio):
    """Carbon at random, all of it with as much nitrogen; hardly any of it mineral."""
    random, names = np.random.default_rng(1), [pool.name for pool in network.pools]
    stocks = {name: random.uniform(0.1, 5.0, 4) for name in names}
    for name in (*SUBSTRATES, *MICROBES):
        stocks[nitrogen_of(name)] = stocks[name] / ratio
    return stocks | {"mineral_nitrogen": np.full(4, 1e-12)}


@pytest.mark.parametrize("name", FED)
def test_cue_is_that_of_the_pools_own_ratio(name, drivers):
    """Poor pools lower CUE as a poor substrate would; what nitrogen then lacks overflows, and each element closes."""
    model = sc.model("mimics-cn", cue=name)  # is given no substrate C:N from outside
    assert isinstance(model.solved, Coupled)
    assert "substrate_carbon_to_nitrogen" not in model.network.scheme_needs()
    assert "overflows as before" in " ".join(model.scheme_notes)
    values = model_contract.drivers_in_model_units(model.network, drivers)
    scheme = chosen_schemes(name)[0]
    reference = MODELS["mimics-cn"](None, chosen_schemes("constant")).cue_slots(values)
    for ratio in (9.0, 40.0, 120.0):
        stocks = poor_stocks(model.network, ratio)
        slots = model.solved.slots_at(stocks, values)
        assert sorted(slots) == sorted(reference)
        for slot, cue in slots.items():
            expected = scheme(reference[slot], {"substrate_carbon_to_nitrogen": ratio, "mineral_nitrogen": 0.0})
            np.testing.assert_allclose(cue, expected, rtol=1e-6)
        environment = model.solved.environment(values)
        flows = model_contract.rates(model.solved, np.stack(list(stocks.values())), environment)
        given = MODELS["mimics-cn"]().environment({**values, **slots})
        same = model_contract.rates(model.network.without_schemes(), np.stack(list(stocks.values())), given)
        np.testing.assert_allclose(flows, same, rtol=1e-13)
        structure = model.structure
        change = model_contract.net_change(structure, flows)
        for currency in ("carbon", "nitrogen"):
            members = [pool.currency == currency for pool in structure.pools]
            own = np.array([structure.currency(flux) == currency for flux in structure.fluxes])
            came = flows[own & [flux.source == "input" for flux in structure.fluxes]].sum(axis=0)
            went = flows[own & [flux.target in ("co2", "leached") for flux in structure.fluxes]].sum(axis=0)
            np.testing.assert_allclose(
                (change[members].sum(axis=0) - came + went) / flows[own].sum(axis=0), 0, atol=1e-13
            )


def test_mineral_nitrogen_spares_cue(drivers):
    network = sc.model("mimics-cn", cue="nitrogen-threshold").solved
    values = model_contract.drivers_in_model_units(network.network, drivers)
    poor = poor_stocks(network, 120.0)
    rich = network.slots_at({**poor, "mineral_nitrogen": np.full(4, 50.0)}, values)
    reference = MODELS["mimics-cn"](None, chosen_schemes("constant")).cue_slots(values)
    for slot, cue in network.slots_at(poor, values).items():
        assert (cue < 0.2).all()
        np.testing.assert_allclose(rich[slot], reference[slot], rtol=1e-14)


def test_a_memory_of_nutrients_is_refused_where_they_are_pools():
    with pytest.raises(InputError, match="its memory follows drivers"):
        sc.model("mimics-cn", cue="nitrogen-storage")
    with pytest.raises(InputError, match="contains overflow, which the model has as a flux of its own"):
        sc.model("mimics-cn", cue="phosphorus-threshold")
