"""Tracers in any network: against closed forms, and the laws they keep."""

import jax.numpy as jnp
import numpy as np
import pytest

from soilcue.core.network import CO2, INPUT, Flux, Network, Pool
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.solve.explicit import integrate
from soilcue.solve.tracers import Tracer, follow, label_tracer

UPTAKE, YIELD, RESPIRED, LOSS, MAINTENANCE = 0.05, 0.665, 0.285, 1e-3, 5e-4
CLOSED_FORM = {1: 0.699771, 6: 0.698568, 24: 0.693498, 72: 0.675680, 168: 0.634310}
"""13C CUE of the linear incubation below, science notes of the virtual laboratory."""


class LinearJar(Network):
    """Substrate taken up at a fixed rate, microbes that respire and die; nothing comes back."""

    name, title, references = "linear-jar", "Linear jar", ("he2024",)
    carbon_unit, time_unit, reference_depth = "ug g-1", "h", 0.1
    needs = ()
    pools = (
        Pool("substrate", "dissolved", "substrate"),
        Pool("microbes", "living", "microbes"),
        Pool("dead", "organic", "dead microbes and exudates"),
    )
    declared = (Parameter("supply", "ug g-1 h-1", 0.0, 10.0, "substrate that comes in"),)
    sets = (ParameterSet("only", ("he2024",), "round numbers", {"supply": (0.3, "ug g-1 h-1")}),)

    def environment(self, drivers):
        return dict(self.parameters)

    def fluxes(self, stocks, environment):
        taken, microbes = UPTAKE * stocks["substrate"], stocks["microbes"]
        yield Flux(INPUT, "substrate", "input", environment["supply"])
        yield Flux("substrate", "microbes", "uptake", YIELD * taken)
        yield Flux("substrate", CO2, "uptake", RESPIRED * taken, through="microbes")
        yield Flux("substrate", "dead", "exudation", (1 - YIELD - RESPIRED) * taken, through="microbes")
        yield Flux("microbes", CO2, "maintenance", MAINTENANCE * microbes)
        yield Flux("microbes", "dead", "mortality", (LOSS - MAINTENANCE) * microbes)
        yield Flux("dead", CO2, "decomposition", 0.0 * stocks["dead"])


@pytest.fixture(scope="module")
def course():
    """Two jars: one of label alone, one whose label is diluted by native substrate and microbes."""
    network = LinearJar()
    structure = network.structure()
    label = jnp.array([[20.0, 20.0], [0.0, 0.0], [0.0, 0.0]])
    native = jnp.array([[0.0, 20.0], [0.0, 400.0], [0.0, 40.0]])
    lengths = np.concatenate([np.full(24, 0.25), np.full(162, 1.0)])
    grown = Tracer(jnp.zeros((3, 7)).at[1, 1].set(1.0), jnp.zeros((3, 7)).at[1, 5].set(-1.0))
    risen = grown._replace(rise=0.06)
    given = jnp.stack([label, 0 * label, 0 * label, label + native])
    tracers = (label_tracer(structure), grown, risen, label_tracer(structure, entering=1.0))
    return (
        structure,
        label,
        native,
        lengths,
        follow(network, label + native, given, network.environment({}), tracers, lengths),
    )


def test_label_follows_the_closed_form_whatever_it_is_diluted_with(course):
    _, _, _, lengths, run = course
    hours = np.cumsum(lengths)
    for hour, expected in CLOSED_FORM.items():
        at = int(np.flatnonzero(np.isclose(hours, hour))[0])
        in_biomass, respired = run.amounts[at, 0, 1], run.carried[at, 0, 2] + run.carried[at, 0, 4]
        np.testing.assert_allclose(in_biomass / (in_biomass + respired), expected, atol=6e-7)
        exact = YIELD * UPTAKE / (LOSS - UPTAKE) * (np.exp(-UPTAKE * hour) - np.exp(-LOSS * hour)) * 20
        np.testing.assert_allclose(in_biomass, exact, rtol=1e-8)


def test_label_closes(course):
    structure, label, _, _, run = course
    out = np.array([flux.target == CO2 for flux in structure.fluxes], float)
    gone = np.einsum("tfc,f->tc", run.carried[:, 0], out)
    np.testing.assert_allclose(
        run.amounts[:, 0].sum(axis=1) + gone, np.asarray(label.sum(axis=0)) + 0 * gone, rtol=1e-13
    )


def test_what_is_all_labelled_stays_all_labelled(course):
    np.testing.assert_allclose(course[-1].amounts[:, 3], course[-1].stocks, rtol=1e-12)
    np.testing.assert_allclose(course[-1].carried[:, 3, 1:], course[-1].flows[:, 1:], rtol=1e-12)


def test_growth_tracer_counts_growth_less_what_died(course):
    _, _, _, lengths, run = course
    made = np.asarray(run.amounts[:, 1, 1])
    grown = np.asarray(run.flows[:, 1])
    hours = np.cumsum(lengths)[:, None]
    assert (made <= grown * (1 + 1e-12)).all()
    assert (made >= grown * np.exp(-(LOSS - MAINTENANCE) * hours) * (1 - 1e-12)).all()


def test_label_that_rises_in_the_water_stays_behind(course):
    run, hours = course[-1], np.cumsum(course[3])
    ratio = np.asarray(run.amounts[:, 2, 1] / run.amounts[:, 1, 1])
    assert (ratio < 1).all()
    assert (np.diff(ratio, axis=0) > 0).all()
    np.testing.assert_allclose(ratio[0], 1 - (1 - np.exp(-0.06 * hours[0])) / (0.06 * hours[0]), rtol=0.02)


def test_stated_error_covers_the_true_one(course):
    _, label, native, lengths, run = course
    hours, start = np.cumsum(lengths)[:, None], np.asarray(label + native)[0]
    exact = 0.3 / UPTAKE + (start - 0.3 / UPTAKE) * np.exp(-UPTAKE * hours)
    worst = np.abs(run.stocks[:, 0] - exact).max(axis=0) / np.asarray(label + native).sum(axis=0)
    assert (worst <= run.error + 1e-15).all()
    assert (np.asarray(run.error) < 1e-8).all()


def test_integration_is_of_fifth_order():
    def end(steps):
        return integrate(lambda t, y: y * jnp.cos(t), jnp.ones(1), np.full(steps, 2.0 / steps))[0][-1, 0]

    exact = np.exp(np.sin(2.0))
    coarse, fine = abs(end(8) - exact), abs(end(16) - exact)
    assert 2**4.5 < coarse / fine < 2**5.8
