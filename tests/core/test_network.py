"""Networks: what their structure says, and which networks are refused."""

from typing import ClassVar

import jax
import numpy as np
import pytest

from soilcue.core.errors import InputError
from soilcue.core.network import CO2, INPUT, KINDS, LEACHED, PROCESSES, Flux, Network, Pool, Structure
from soilcue.core.parameters import Parameter, ParameterSet
from soilcue.core.scheme import Scheme

POOLS = (Pool("litter", "litter", ""), Pool("bug", "living", ""), Pool("soil", "organic", ""))
FLUXES = (
    Flux(INPUT, "litter", "input", None),
    Flux("litter", "bug", "uptake", None),
    Flux("litter", CO2, "uptake", None, "bug"),
    Flux("bug", "soil", "mortality", None),
    Flux("soil", "litter", "desorption", None),
    Flux("soil", LEACHED, "leaching", None),
)


def structure(*more: Flux, pools=POOLS, without: int | None = None) -> Structure:
    fluxes = [flux for i, flux in enumerate(FLUXES) if i != without]
    return Structure(pools, (*fluxes, *more), False)


def test_stoichiometry_is_minus_one_at_the_source_and_one_at_the_target():
    matrix = structure().stoichiometry()
    np.testing.assert_array_equal(
        matrix,
        [
            [1, -1, -1, 0, 1, 0],
            [0, 1, 0, -1, 0, 0],
            [0, 0, 0, 1, -1, -1],
        ],
    )


def test_names_are_readable_and_unique():
    names = structure(FLUXES[1], FLUXES[1], FLUXES[2]).names()
    assert len(names) == len(set(names))
    assert names[1] == "litter > bug (uptake)"
    assert names[2] == "litter > co2 (uptake through bug)"
    assert names[6:] == ["litter > bug (uptake) #2", "litter > bug (uptake) #3", "litter > co2 (uptake through bug) #2"]


def test_kind_and_living():
    assert structure().living() == ("bug",)
    assert structure().kind("soil") == "organic"
    assert structure().kind(CO2) is None


def test_a_whole_network_passes():
    structure().check()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (structure(pools=(*POOLS, Pool("soil", "organic", ""))), "bear one name"),
        (structure(pools=(*POOLS[:2], Pool("soil", "organics", ""))), "kind of pool 'soil' 'organics'.*'organic'"),
        (structure(Flux("soil", "bug", "uptaek", None)), "process of flux .* 'uptaek'.*Did you mean 'uptake'"),
        (structure(Flux("soil", "bugs", "uptake", None)), "end of flux .* 'bugs'.*Did you mean 'bug'"),
        (structure(Flux(CO2, "soil", "input", None)), "end of flux"),
        (structure(Flux("soil", INPUT, "leaching", None)), "end of flux"),
        (structure(Flux(INPUT, CO2, "input", None)), "must leave or enter a pool"),
        (structure(Flux("soil", "soil", "desorption", None)), "ends where it starts"),
        (structure(Flux("litter", CO2, "uptake", None, "soil")), "'soil', which is not a living pool"),
        (structure(Flux("litter", CO2, "uptake", None, "bgu")), "'bgu', which is not a living pool"),
        (structure(without=3), "pool 'bug' needs at least one flux in and one flux out"),
        (structure(without=0, pools=(*POOLS, Pool("other", "organic", ""))), "pool 'other' needs at least one flux"),
        (
            structure(
                Flux("soil", "nitrate", "leaching", None),
                pools=(*POOLS, Pool("nitrate", "dissolved", "", 1.0, "nitrogen")),
            ),
            "carry one currency",
        ),
    ],
)
def test_a_network_that_cannot_be_solved_or_budgeted_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        wrong.check()


def test_every_process_and_kind_is_described():
    for name, process in PROCESSES.items():
        assert process.name == name
        assert process.description
        assert process.counted_from in (None, "uptake", "gross", "total")
    assert len(set(KINDS)) == len(KINDS)


# ---- a model of one pool -----------------------------------------------------------------------------------------


class Heap(Network):
    """A heap that decays."""

    name, title, references = "heap", "a heap", ("he2024",)
    carbon_unit, time_unit, reference_depth = "gC m-2", "d", 1.0
    needs = (("temperature", "clay"), "carbon_input")
    choices: ClassVar = {"form": ("one", "other")}
    pools = (Pool("heap", "litter", "all there is"),)
    declared = (Parameter("decay", "d-1", 1e-6, 1.0, "decay"), Parameter("kept", "1", 0.1, 0.9, "kept", ("a", "b")))
    sets = (
        ParameterSet("one", ("he2024",), "", {"decay": (3.65, "yr-1"), "kept": ((20, 30), "%")}),
        ParameterSet("two", ("he2024",), "", {"decay": (0.5, "d-1"), "kept": ((0.2, 0.3), "1")}, {"form": "other"}),
    )

    def environment(self, drivers):
        return {"decay": self.parameters["decay"], "input": drivers["carbon_input"]}

    def fluxes(self, stocks, environment):
        yield Flux(INPUT, "heap", "input", environment["input"])
        yield Flux("heap", CO2, "decomposition", environment["decay"] * stocks["heap"])


class Halve(Scheme):
    """Half of it."""

    name, title, equation = "halve", "half", "CUE / 2"

    def __call__(self, cue, feels):
        return cue / 2


class Square(Scheme):
    """The square of it."""

    name, title, equation = "square", "square", "CUE^2"

    def __call__(self, cue, feels):
        return cue**2


def test_the_first_parameter_set_is_the_default_and_is_converted():
    heap = Heap()
    assert float(heap.parameters["decay"]) == pytest.approx(0.01, rel=1e-14)
    np.testing.assert_allclose(heap.parameters["kept"], [0.2, 0.3])
    assert heap.options == (("form", "one"),)
    assert Heap(options={"form": "other"}).option("form") == "other"
    assert Heap("two").options == (("form", "other"),)
    assert Heap.first_needs() == ("temperature", "carbon_input")


def test_a_mapping_changes_single_parameters_of_the_default_set():
    heap = Heap({"decay": 0.25})
    assert float(heap.parameters["decay"]) == 0.25
    np.testing.assert_allclose(heap.parameters["kept"], [0.2, 0.3])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("tow", "unknown parameter set of model 'heap' 'tow'. Did you mean 'two'"),
        ({"dekay": 0.1}, "unknown parameter of model 'heap' 'dekay'. Did you mean 'decay'"),
        ({"decay": 2.0}, "outside its bounds"),
        ({"kept": 0.2}, r"2 values \(a, b\)"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        Heap(parameters)


def test_arrays_are_in_double_precision():
    assert Heap().parameters["decay"].dtype == np.float64
    assert jax.numpy.ones(1).dtype == np.float64


def test_structure_is_found_without_computing():
    found = Heap().structure()
    assert [(f.source, f.target, f.process, f.rate) for f in found.fluxes] == [
        (INPUT, "heap", "input", None),
        ("heap", CO2, "decomposition", None),
    ]
    assert found.implicit_microbes is False


def test_schemes_replace_the_published_cue_and_compose_left_to_right():
    assert Heap().intrinsic_cue(0.6, {}) == 0.6
    assert Heap().intrinsic_cue(0.6, {}, published=0.4) == 0.4
    assert Heap(schemes=(Halve(), Square())).intrinsic_cue(0.6, {}, published=0.4) == pytest.approx(0.09)
    assert Heap(schemes=(Square(), Halve())).intrinsic_cue(0.6, {}, published=0.4) == pytest.approx(0.18)
