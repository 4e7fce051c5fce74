"""What every method of measuring CUE keeps to: its declaration, its sheet from template to page, its derivatives."""

import dataclasses
import inspect
import re

import jax
import numpy as np
import openpyxl
import pandas as pd
import pytest

import soilcue as sc
from soilcue.core import precision as precision
from soilcue.core.errors import NotDefinedError
from soilcue.core.references import REFERENCES
from soilcue.measure.columns import HOW, LEVELS, PROCESSES
from soilcue.measure.incubation import Incubation
from soilcue.measure.methods import METHODS
from soilcue.measure.uncertainty import derivative
from soilcue.measure.workbooks import write_results, write_template
from soilcue.report.measure_page import measure_page, summary_lines

METHOD_NAMES = list(METHODS)

# choices under which every column is used at least once
CHOICES = [(name, {}) for name in METHOD_NAMES] + [
    ("oxygen_label", {"dna_conversion": "constant", "water_enrichment": "measured", "enrichment_form": "excess"}),
    ("carbon_label", {"control_received": "water"}),
    ("growth_tracers", {"bacteria": "thymidine", "fungi": "carbon"}),
    ("enzyme_stoichiometry", {"given": "ratios"}),
    ("threshold_ratio", {"elements": "cn_cp"}),
    ("threshold_ratio", {"law": "litter"}),
    ("threshold_ratio", {"law": "consumers"}),
    ("calorespirometry", {"ratio": "given"}),
    ("oxygen_taxa", {"growth_model": "linear"}),
    ("radiocarbon_kinetics", {"residue": "fitted"}),
    ("thermodynamic_yield", {"theory": "kleerebezem"}),
    ("thermodynamic_yield", {"theory": "mccarty"}),
    ("thermodynamic_yield", {"acceptor": "given"}),
]
CASES = [pytest.param(name, choices, id="-".join([name, *choices.values()])) for name, choices in CHOICES]


def example(method, choices, rows=3):
    """Values of the examples the columns give, with several points where a method takes a series."""
    values = {}
    for column in method.columns:
        if not column.used_with(method.chosen(choices)):
            continue
        value = np.full(rows, column.example)
        if column.series:
            value = np.repeat(value[:, None], 8, axis=1)
        values[column.name] = value
    if "remaining" in values:
        values["time"] = values["time"] * 3.0 ** np.arange(8) / 3
        values["remaining"] = 30 * np.exp(-0.5 * values["time"]) + 50 * np.exp(-0.002 * values["time"]) + 1.0
        values["remaining"][:, ::2] += 0.05
    return values


@pytest.fixture(params=METHOD_NAMES)
def method(request):
    return METHODS[request.param]


def test_there_is_a_method_for_every_way_of_the_field():
    assert len(METHOD_NAMES) >= 18


def test_declaration(method):
    assert method.level in LEVELS
    assert method.equation
    assert method.references
    assert set(method.references) <= set(REFERENCES)
    assert set(method.includes) == set(PROCESSES)
    assert all(counted.how in HOW and counted.words for counted in method.includes.values())
    names = [column.name for column in method.columns]
    assert len(set(names)) == len(names)
    for column in method.columns:
        assert column.description
        assert column.within(column.example), f"{column.name}: the example is not allowed"
        assert column.required == (column.default is None), f"{column.name}: needed, or with a default"
        assert column.default is None or (column.source and column.within(column.default))
        for name, wanted in column.only_if.items():
            options = next(choice for choice in method.choices if choice.name == name).options
            assert {wanted} if isinstance(wanted, str) else set(wanted) <= set(options)
    for choice in method.choices:
        assert choice.default in choice.options
    assert method.series == "" or any(column.series for column in method.columns)


def test_is_listed_and_typed_by_its_name(method):
    assert method.name in sc.list_methods().index
    assert getattr(sc.measure, method.name) is method
    assert method.name in dir(sc.measure)
    assert inspect.getdoc(type(method))


@pytest.mark.parametrize(("name", "choices"), CASES)
def test_estimate_gives_what_it_declares(name, choices):
    method = METHODS[name]
    found = method.estimate(example(method, choices), **choices)
    declared = {"cue", *(quantity.name for quantity in method.quantities)}
    assert "cue" in found
    assert set(found) <= declared
    assert np.shape(found["cue"]) in ((), (3,))
    assert np.isfinite(found["cue"]).all()


@pytest.mark.parametrize(("name", "choices"), CASES)
def test_jax_agrees_with_numpy_in_value_and_derivative(name, choices):
    method = METHODS[name]
    values = {column: value[0] for column, value in example(method, choices, 1).items()}

    def cue(changed):
        return method.estimate(changed, **choices)["cue"]

    value, slopes = jax.value_and_grad(cue)({column: jax.numpy.asarray(one) for column, one in values.items()})
    np.testing.assert_allclose(value, cue(values), rtol=1e-12)
    for column, one in values.items():
        slope = derivative(cue, values, column)
        scale = np.abs(value) / np.abs(one).max() if np.abs(one).max() else 1.0
        np.testing.assert_allclose(np.sum(slopes[column]), slope, rtol=1e-6, atol=1e-6 * scale)


@pytest.mark.parametrize(("name", "choices"), CASES)
def test_template_is_filled_computed_and_reported(name, choices, tmp_path):
    method = METHODS[name]
    path = write_template(method, tmp_path / "sheet.xlsx", choices)
    fill(path)
    result = method(path, **{column: value for column, value in study_values(method, choices).items()})
    assert len(result.samples) == 4
    assert list(result.treatments.index) == ["control", "warmed"]
    np.testing.assert_allclose(result.samples["cue"], result.samples["cue"].iloc[0], rtol=1e-9)
    assert result.choices == method.chosen(choices)
    assert np.isfinite(result.samples["cue_sd"]).all()
    assert not result.problems
    page = measure_page(result, tmp_path / "measure.html", name)
    text = page.read_text(encoding="utf-8")
    assert method.title.split("(")[0].strip() in text
    assert "not given" in text  # metadata that nobody filled
    write_results(result, tmp_path / "measure.xlsx", tmp_path / "measure.csv")
    book = openpyxl.load_workbook(tmp_path / "measure.xlsx")
    assert {"samples", "treatments", "contrasts", "contributions", "problems", "study"} <= set(book.sheetnames)
    back = pd.read_csv(tmp_path / "measure.csv")
    np.testing.assert_allclose(back["cue"], result.samples["cue"], rtol=1e-12)
    assert any("CUE" in line for line in summary_lines(result))


def fill(path):
    """Turn the example of a template into four samples of two treatments, with standard deviations."""
    book = openpyxl.load_workbook(path)
    sheet = book["samples"]
    names = [cell.value for cell in sheet[1]]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3) if row[0].value == "example"]
    assert rows
    sheet.delete_rows(3, len(rows))
    sheet.cell(1, len(names) + 1, f"{names[2]}_sd")
    last = 3
    for treatment in ("control", "warmed"):
        for replicate in "ab":
            for row in rows:
                for j, value in enumerate(row, start=1):
                    sheet.cell(last, j, value)
                sheet.cell(last, 1, f"{treatment} {replicate}")
                sheet.cell(last, 2, treatment)
                sheet.cell(last, len(names) + 1, 0.02 * abs(row[2]))
                last += 1
    book.save(path)


def study_values(method, choices):
    """Factors of the whole study that have no default: their example, with an error of a twentieth."""
    used = [column for column in method.columns if column.used_with(method.chosen(choices))]
    needed = [column for column in used if column.systematic and column.required]
    return {
        name: value for one in needed for name, value in ((one.name, one.example), (one.name + "_sd", one.example / 20))
    }


SHORT = Incubation(
    uptake=100.0,
    growth_respiration=28.0,
    maintenance=6.0,
    overflow=2.0,
    exudation=5.0,
    mortality=4.0,
    biomass_start=400.0,
    biomass_end=455.0,
    label_added=60.0,
    label_uptake=20.0,
    label_biomass=13.0,
    label_respired=6.0,
    label_dissolved=40.0,
    dna_made=65.0,
    dna_made_vapour=65.0,
    time=24.0,
)


def test_reads_an_incubation_or_says_why_not(method):
    if reads_nothing(method):
        with pytest.raises(NotDefinedError, match=re.escape(method.title)):
            method.reading(SHORT)
        return
    reading = method.reading(SHORT)
    assert 0.3 < reading < 0.9
    slope = jax.grad(lambda maintenance: method.reading(_with(maintenance=maintenance)))(6.0)
    counted = method.includes["maintenance"].how == "yes"
    assert (slope < 0) == counted, f"{method.name} says of maintenance: {method.includes['maintenance'].how}"


def test_exudates_count_as_the_method_says(method):
    if reads_nothing(method):
        return
    counted = method.includes["exudation"].how
    exuding = _with(exudation=15.0, dna_made=55.0, dna_made_vapour=55.0, biomass_end=445.0, label_biomass=11.0)
    change = method.reading(exuding) - method.reading(SHORT)
    if counted == "as growth":
        assert change == pytest.approx(0, abs=1e-12)
    else:
        assert change < 0


def reads_nothing(method):
    """Composition and constants alone, or a fit to a course in time that an incubation's sums do not hold."""
    return method.level == "potential" or method.name == "radiocarbon_kinetics"


def _with(**changed):
    return dataclasses.replace(SHORT, **changed)
