"""Sheets as people keep them: what is read, and what is said of what is wrong."""

import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

import soilcue as sc
from soilcue.measure.methods import METHODS
from soilcue.measure.problems import SheetError
from soilcue.measure.sheets import read_sheets
from soilcue.measure.workbooks import write_results

RADIO = {"activity_fumigated": 400.0, "activity_unfumigated": 150.0, "activity_co2": 300.0, "kec": 0.45}
CUE = (250 / 0.45) / (250 / 0.45 + 300)

COLUMNS = ["sample", "treatment", "biomass_start", "biomass_end", "respired"]
UNITS = ["", "", "ug g-1", "ug g-1", "ug g-1"]
ROWS = [["a", "x", 200.0, 320.0, 180.0], ["b", "x", 210.0, 300.0, 150.0], ["c", "y", 190.0, 330.0, 160.0]]


def workbook(path, rows, study=None, title="samples"):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if study:
        other = book.create_sheet("study")
        for row in [["name", "value", "unit", "sd"], *study]:
            other.append(row)
    book.save(path)
    return path


def batch(path, rows=None, names=COLUMNS, units=UNITS, **more):
    return workbook(path, [names, units, *(ROWS if rows is None else rows)], **more)


def problems_of(path, method="batch_growth", **settings):
    with pytest.raises(sc.InputError) as caught:
        METHODS[method](path, **settings)
    return str(caught.value)


def changed(row, column, value):
    """The rows with one cell changed; row 0 is the first sample, in row 3 of the sheet."""
    rows = [list(one) for one in ROWS]
    rows[row][COLUMNS.index(column)] = value
    return rows


# ---- what is read


def test_a_workbook_is_read(tmp_path):
    result = sc.measure.batch_growth(batch(tmp_path / "a.xlsx"))
    np.testing.assert_allclose(result.samples["cue"], [120 / 300, 90 / 240, 140 / 300], rtol=1e-12)
    assert list(result.samples.index) == ["a", "b", "c"]
    assert list(result.treatments["n"]) == [2, 1]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_text_files_of_any_habit_are_read(tmp_path, separator, encoding):
    decimal = "." if separator == "," else ","
    lines = [
        COLUMNS,
        UNITS,
        *[[one if isinstance(one, str) else f"{one:.1f}".replace(".", decimal) for one in row] for row in ROWS],
    ]
    lines[2][1] = "Gehölz"
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(separator.join(line) for line in lines).encode(encoding))
    result = sc.measure.batch_growth(path)
    np.testing.assert_allclose(result.samples["cue"], [120 / 300, 90 / 240, 140 / 300], rtol=1e-12)
    assert "Gehölz" in result.treatments.index


def test_units_are_converted(tmp_path):
    frame = pd.DataFrame({"leucine": [40.0], "fungal_growth": [0.08], "respiration": [0.45]})
    usual = sc.measure.growth_tracers(frame, fungi="carbon")
    others = pd.DataFrame({"leucine": [0.96], "fungal_growth": [0.08e-3], "respiration": [10.8]})
    units = {"leucine": "nmol g-1 d-1", "fungal_growth": "mg C g-1 h-1", "respiration": "mg C kg-1 d-1"}
    converted = sc.measure.growth_tracers(others, fungi="carbon", units=units)
    np.testing.assert_allclose(converted.samples["cue"], usual.samples["cue"], rtol=1e-12)


def test_any_one_unit_does_for_a_group_of_columns(tmp_path):
    frame = pd.DataFrame([{**RADIO, "sample": "a"}])
    path = tmp_path / "a.csv"
    names = list(RADIO)
    path.write_text(",".join(names) + "\ndpm,dpm,dpm,1\n" + ",".join(map(str, RADIO.values())) + "\n")
    np.testing.assert_allclose(sc.measure.radiocarbon_label(path).samples["cue"], CUE, rtol=1e-12)
    np.testing.assert_allclose(sc.measure.radiocarbon_label(frame).samples["cue"], CUE, rtol=1e-12)


def test_delta_values_are_converted_with_their_standard(tmp_path):
    frame = carbon_frame()
    plain = sc.measure.carbon_label(frame, kec=0.45)
    as_delta = frame.copy()
    ratio = 0.0111802
    isotopes = [name for name in frame.columns if name.startswith("atom_percent")]
    for name in isotopes:
        as_delta[name] = sc.measure.isotopes.delta(frame[name], ratio)
    units = dict.fromkeys(isotopes, "‰")
    result = sc.measure.carbon_label(as_delta, units=units, kec=0.45, isotope_standard="VPDB-CO2")
    np.testing.assert_allclose(result.samples["cue"], plain.samples["cue"], rtol=1e-9)
    other = sc.measure.carbon_label(as_delta, units=units, kec=0.45, isotope_standard=0.0112372)
    assert abs(other.samples["cue"].iloc[0] - plain.samples["cue"].iloc[0]) > 1e-6
    with pytest.raises(sc.InputError, match="isotope_standard"):
        sc.measure.carbon_label(as_delta, units=units, kec=0.45)
    uncertain = sc.measure.carbon_label(
        as_delta, units=units, kec=0.45, isotope_standard=ratio, isotope_standard_sd=5e-5
    )
    assert uncertain.contributions.loc["isotope_standard", "shared"]
    assert uncertain.samples["systematic_sd"].iloc[0] > 0


def carbon_frame(rows=1):
    method = METHODS["carbon_label"]
    columns = [c for c in method.columns if c.required and not c.systematic]
    return pd.DataFrame({"sample": [f"s{k}" for k in range(rows)], **{c.name: c.example for c in columns}})


def test_several_rows_of_a_sample_are_its_intervals():
    frame = carbon_frame()
    whole = sc.measure.carbon_label(frame, kec=0.45)
    halves = pd.concat([frame, frame], ignore_index=True).assign(co2=frame["co2"].iloc[0] / 2)
    split = sc.measure.carbon_label(halves, kec=0.45)
    assert len(split.samples) == 1
    np.testing.assert_allclose(split.samples["cue"], whole.samples["cue"], rtol=1e-12)
    halves["carbon_fumigated"] = [400.0, 401.0]
    with pytest.raises(sc.InputError, match=r"401, and 400 in the first row of the sample"):
        sc.measure.carbon_label(halves, kec=0.45)


def test_percent_cells_hold_fractions(tmp_path):
    rows = [[*COLUMNS, "carbonate_share"], [*UNITS, "%"], [*ROWS[0], 0.1]]
    path = workbook(tmp_path / "a.xlsx", rows)
    book = openpyxl.load_workbook(path)
    book["samples"]["F3"].number_format = "0.0%"
    book.save(path)
    result = sc.measure.batch_growth(path)
    np.testing.assert_allclose(result.samples["cue"], 120 / (120 + 162), rtol=1e-12)


def test_study_sheet_gives_values_choices_and_metadata(tmp_path):
    names = ["sample", "activity_fumigated", "activity_unfumigated", "activity_co2"]
    study = [
        ["method", "radiocarbon_label"],
        ["kec", "0,45", "1", 0.05],
        ["land_cover", "grassland"],
        ["note", "wet year"],
    ]
    path = workbook(
        tmp_path / "a.xlsx", [names, ["", "Bq", "Bq", "Bq"], ["a", 400, 150, 300], ["b", 410, 150, 310]], study
    )
    result = sc.measure.radiocarbon_label(path)
    np.testing.assert_allclose(result.samples["cue"].iloc[0], CUE, rtol=1e-12)
    assert result.metadata == {"land_cover": "grassland", "note": "wet year"}
    assert result.constants["kec"] == "0.45 ± 0.05"
    slope = CUE * (1 - CUE) / 0.45
    np.testing.assert_allclose(result.samples["systematic_sd"].iloc[0], slope * 0.05, rtol=1e-9)
    assert (result.samples["random_sd"] == 0).all()


def test_the_one_sheet_that_fits_is_found_among_a_hundred(tmp_path):
    book = openpyxl.Workbook()
    for number in range(100):
        sheet = book.create_sheet(f"page {number}")
        sheet.append(["other", "things"])
    for row in [COLUMNS, UNITS, *ROWS]:
        book["page 57"].append(row) if row is not COLUMNS else None
    book["page 57"].delete_rows(1)
    book["page 57"].insert_rows(1)
    for j, name in enumerate(COLUMNS, start=1):
        book["page 57"].cell(1, j, name)
    path = tmp_path / "many.xlsx"
    book.save(path)
    assert len(sc.measure.batch_growth(path).samples) == 3
    del book["page 57"]
    book.save(path)
    said = problems_of(path)
    assert "none of its 100 sheets" in said
    assert "biomass_start" in said


# ---- what is wrong with a cell


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-3.0, ["found -3", "allowed: 0 to", "cannot be negative"]),
        ("#DIV/0!", ["the error #DIV/0!", "Mend the formula"]),
        ("about 300", ["'about 300'", "plain number"]),
        ("< 0.5", ["'< 0.5'", "below detection"]),
        ("n.d.", ["'n.d.'", "below detection"]),
        (datetime.datetime(2024, 5, 1), ["a date or time", "formatted as number"]),
        ("1,234", ["'1,234'", "decimal comma or thousands"]),
        (True, ["True"]),
        (None, ["found nothing", "Fill the cell"]),
        ("NA", ["found nothing"]),
    ],
)
def test_a_cell_is_named_with_what_it_holds_and_how_to_mend_it(tmp_path, value, said):
    path = batch(tmp_path / "a.xlsx", changed(1, "biomass_end", value))
    message = problems_of(path)
    assert "sheet 'samples', cell D4" in message
    for words in said:
        assert words in message
    result = sc.measure.batch_growth(path, keep_going=True)
    assert list(result.samples.index) == ["a", "c"]
    assert [problem.sample for problem in result.problems] == ["b"]


def test_all_problems_are_told_in_one_go(tmp_path):
    rows = changed(0, "biomass_end", -3.0)
    rows[2][4] = "#REF!"
    rows[1][2] = "two hundred"
    message = problems_of(batch(tmp_path / "a.xlsx", rows))
    for cell in ("cell D3", "cell C4", "cell E5"):
        assert cell in message
    assert "3 problems" in message
    assert "--keep-going" in message


def test_no_row_left_is_an_error_even_when_going_on(tmp_path):
    rows = [[*row[:3], "#N/A", row[4]] for row in ROWS]
    assert "No row is left" in problems_of(batch(tmp_path / "a.xlsx", rows), keep_going=True)


def test_zero_respiration_is_refused(tmp_path):
    message = problems_of(batch(tmp_path / "a.xlsx", changed(0, "respired", 0.0)))
    assert "cell E3" in message
    assert "above 0" in message
    assert "CUE would be 1" in message


def test_formula_without_a_value_is_told(tmp_path):
    message = problems_of(batch(tmp_path / "a.xlsx", changed(0, "biomass_end", "=C3+120")))
    assert "cell D3" in message
    assert "formula whose value is not in the file" in message


def test_merged_cells_are_told(tmp_path):
    path = batch(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book["samples"].merge_cells("C3:C4")
    book.save(path)
    message = problems_of(path)
    assert "cells C3:C4" in message
    assert "Unmerge" in message
    result = sc.measure.batch_growth(path, keep_going=True)
    assert list(result.samples.index) == ["c"]
    assert [problem.sample for problem in result.problems] == ["a", "b"]
    book["samples"].merge_cells("D1:E2")
    book.save(path)
    assert "merged cells among names and units" in problems_of(path, keep_going=True)


def test_merged_cells_beside_the_samples_do_not_matter(tmp_path):
    path = batch(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book["samples"].merge_cells("H3:K9")
    book.save(path)
    assert len(sc.measure.batch_growth(path).samples) == 3


def test_findings_of_a_method_name_the_cell_and_its_value(tmp_path):
    message = problems_of(batch(tmp_path / "a.xlsx", changed(1, "biomass_end", 10.0)))
    assert "cell D4 (biomass_end): found 10, a loss of biomass greater than all that was respired" in message


# ---- what is wrong with a sheet


def test_missing_units_row(tmp_path):
    message = problems_of(workbook(tmp_path / "a.xlsx", [COLUMNS, *ROWS]))
    assert "cell C2" in message
    assert "row of units" in message


@pytest.mark.parametrize(
    ("unit", "said"),
    [("", "no unit"), ("mol K", "the unit 'mol K'"), ("spoons", "'spoons' is not a unit"), ("ln(mg)", "a logarithm")],
)
def test_wrong_units(unit, said):
    frame = pd.DataFrame({"leucine": [40.0], "fungal_growth": [0.08], "respiration": [0.45]})
    with pytest.raises(sc.InputError) as caught:
        sc.measure.growth_tracers(frame, fungi="carbon", units={"respiration": unit})
    assert said in str(caught.value)
    assert "ug g-1 h-1" in str(caught.value)


def test_units_of_a_group_must_be_alike(tmp_path):
    message = problems_of(batch(tmp_path / "a.xlsx", units=["", "", "ug g-1", "mg g-1", "ug g-1"]))
    assert "cell D2" in message
    assert "all in the same" in message


def test_missing_column_with_a_near_name(tmp_path):
    message = problems_of(batch(tmp_path / "a.xlsx", names=["sample", "treatment", "biomass_begin", *COLUMNS[3:]]))
    assert "nothing that gives biomass_start" in message
    assert "Did you mean 'biomass_begin'" in message


def test_repeated_column(tmp_path):
    message = problems_of(batch(tmp_path / "a.xlsx", names=["sample", "treatment", "biomass_end", *COLUMNS[3:]]))
    assert "another column has too" in message


@pytest.mark.parametrize(
    ("method", "missing", "mend"),
    [("carbon_label", "kec", "0.02 to 0.64"), ("oxygen_label", "fdna", "Growth is proportional to it")],
)
def test_conversion_factors_have_no_default(method, missing, mend):
    one = METHODS[method]
    choices = {"dna_conversion": "constant"} if missing == "fdna" else {}
    columns = [c for c in one.columns if c.required and c.used_with(one.chosen(choices)) and c.name != missing]
    frame = pd.DataFrame({c.name: [c.example] for c in columns})
    with pytest.raises(sc.InputError) as caught:
        one(frame, **choices)
    assert f"nothing that gives {missing}" in str(caught.value)
    assert mend in str(caught.value)


def test_delta_among_atom_percents():
    frame = carbon_frame().assign(atom_percent_co2_control=-25.6)
    with pytest.raises(sc.InputError, match=r"(?s)found -25.6.*0.9 to 1.3 atom %.*write ‰ in the row of units"):
        sc.measure.carbon_label(frame, kec=0.45)
    frame = carbon_frame().assign(atom_percent_fumigated=440.98)
    with pytest.raises(sc.InputError, match="delta value"):
        sc.measure.carbon_label(frame, kec=0.45)


def test_percentage_for_a_fraction():
    with pytest.raises(sc.InputError, match=r"found 45.*If this is a percentage"):
        sc.measure.carbon_label(carbon_frame(), kec=45)


def test_negative_enrichment_and_label_below_detection():
    frame = carbon_frame(3)
    frame.loc[1, "atom_percent_co2"] = 1.07
    frame["atom_percent_co2_sd"] = [0.001, 0.001, 0.5]
    with pytest.raises(SheetError) as caught:
        sc.measure.carbon_label(frame, kec=0.45)
    assert "negative or zero enrichment" in str(caught.value)
    assert "label below detection" in str(caught.value)
    result = sc.measure.carbon_label(frame, kec=0.45, keep_going=True)
    assert list(result.samples.index) == ["s0"]


def test_logarithms_of_enzymes():
    method = METHODS["enzyme_stoichiometry"]
    frame = pd.DataFrame({c.name: [c.example] for c in method.columns if c.required and c.used_with(method.chosen({}))})
    logs = frame.assign(**{name: np.log(frame[name]) for name in ("bg", "nag", "lap", "ap")})
    with pytest.raises(sc.InputError, match=r"as logarithms of activities are.*activities = themselves"):
        method(logs)
    assert len(method(logs, activities="themselves").samples) == 1  # a poor soil
    both = pd.concat([frame, logs])
    assert list(method(both, keep_going=True).samples["cue"]) == list(method(frame).samples["cue"])
    with pytest.raises(sc.InputError, match="not their logarithms"):
        method(logs.assign(nag=-0.3))
    with pytest.raises(sc.InputError, match="a logarithm"):
        method(logs, units=dict.fromkeys(("bg", "nag", "lap", "ap"), "ln(nmol g-1 h-1)"))
    with pytest.raises(sc.InputError, match="not their logarithms"):
        method(frame.drop(columns="bg").assign(ln_bg=4.6))


def test_ratios_of_logarithms_of_enzymes():
    method = METHODS["enzyme_stoichiometry"]
    used = [c for c in method.columns if c.required and c.used_with(method.chosen({"given": "ratios"}))]
    frame = pd.DataFrame({c.name: np.full(4, c.example) for c in used})
    assert len(method(frame, given="ratios").samples) == 4
    logs = frame.assign(enzyme_cn=[1.02, 1.08, 0.97, 1.11], enzyme_cp=[0.98, 0.95, 1.04, 0.9])
    with pytest.raises(sc.InputError, match="as ratios of logarithms are"):
        method(logs, given="ratios")
    assert len(method(logs, given="ratios", activities="themselves").samples) == 4


@pytest.mark.parametrize(
    ("method", "changes", "said"),
    [
        # within the limits of atom percent, and yet no atom percents
        ("carbon_label", {"atom_percent_co2": 60.0}, "more of the heavy isotope than the substrate"),
        ("carbon_label", {"atom_percent_fumigated": 30.0}, "more of the heavy isotope than the substrate"),
        ("carbon_label_pools", {"atom_percent_pool": 44.0}, "more of the heavy isotope than the substrate"),
        ("carbon_label_depletion", {"atom_percent_extract": 12.0}, "more of the heavy isotope than the substrate"),
        ("oxygen_label", {"atom_percent_dna": 25.0}, "more of the heavy isotope than the soil water"),
        ("oxygen_vapour", {"atom_percent_dna": 31.0}, "more of the heavy isotope than the soil water"),
        # out of them
        ("oxygen_label", {"atom_percent_dna": 0.15}, "write ‰ in the row of units"),
        ("oxygen_label", {"atom_percent_control": 12.0}, "write ‰ in the row of units"),
        (
            "carbon_label",
            {"atom_percent_co2": 0.022},
            "If this is a fraction of atoms, write 1 in the row of units; if a delta",
        ),
    ],
)
def test_what_no_atom_percent_can_be_is_refused(method, changes, said):
    method = METHODS[method]
    used = [c for c in method.columns if c.used_with(method.chosen({})) and (c.required or c.name in changes)]
    frame = pd.DataFrame({c.name: [c.example] for c in used})
    assert len(method(frame).samples) == 1
    with pytest.raises(sc.InputError, match=said):
        method(frame.assign(**changes))


def test_much_new_dna_is_doubted():
    method = METHODS["oxygen_label"]
    used = [c for c in method.columns if c.required and c.used_with(method.chosen({}))]
    frame = pd.DataFrame({c.name: [c.example] for c in used})
    assert method(frame).samples["warnings"].iloc[0] == ""
    said = method(frame.assign(atom_percent_dna=15.0)).samples["warnings"].iloc[0]
    assert "check that it is an atom percent and no delta value" in said


def test_atom_percents_under_the_unit_of_delta_values():
    frame = carbon_frame()
    units = dict.fromkeys(("atom_percent_substrate", "atom_percent_co2"), "permil")
    with pytest.raises(
        sc.InputError, match=r"found 5 ‰, which is 1.111 atom %.*If it is an atom percent, write atom %"
    ):
        sc.measure.carbon_label(frame, units=units, kec=0.45, isotope_standard="VPDB-CO2")


def test_stock_over_flux_is_refused_where_growth_is_asked_for():
    frame = pd.DataFrame({"microbial_carbon": [300.0], "respired": [100.0]})
    with pytest.raises(sc.InputError, match="a stock over a stock plus a flux"):
        sc.measure.batch_growth(frame)
    frame = pd.DataFrame({"biomass_start": [0.0], "biomass_end": [300.0], "respired": [100.0]})
    with pytest.raises(sc.InputError, match="a stock over a stock plus a flux"):
        sc.measure.batch_growth(frame)


def test_reported_stock_over_flux_is_recognised():
    frame = carbon_frame()
    found = sc.measure.carbon_label(frame, kec=0.45).samples.iloc[0]
    stock = found["microbial_carbon"] / (found["microbial_carbon"] + found["respiration"])
    said = sc.measure.carbon_label(frame.assign(reported_cue=stock), kec=0.45).warnings
    assert any("MBC/(MBC + CO2)" in line for line in said)
    said = sc.measure.carbon_label(frame.assign(reported_cue=found["cue"]), kec=0.45).warnings
    assert not any("reported_cue" in line for line in said)


def test_biomass_as_reduced_as_ethanol_is_refused():
    frame = pd.DataFrame({"co2": [1.3], "oxygen": [1.0], "substrate_reduction": [4.0], "biomass_reduction": [6.0]})
    with pytest.raises(sc.InputError, match=r"found 6.*4\.0 to 4\.8"):
        sc.measure.respiratory_quotient(frame)


def test_sugars_are_badly_conditioned_for_heat():
    frame = pd.DataFrame({"heat_per_co2": [432.25], "substrate_reduction": [4.0]})
    assert "too alike" in sc.measure.calorespirometry(frame, ratio="given").samples["warnings"].iloc[0]
    frame = pd.DataFrame({"heat_per_co2": [204.75], "substrate_reduction": [3.0]})
    assert sc.measure.calorespirometry(frame, ratio="given").samples["warnings"].iloc[0] == ""


def test_a_short_course_does_not_identify_two_pools():
    time = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0])
    left = 100 * np.exp(-0.1 * time) + np.array([0.3, -0.2, 0.1, -0.3, 0.2, 0.1])
    frame = pd.DataFrame({"sample": "a", "time": time, "remaining": left})
    try:
        said = " ".join(sc.measure.radiocarbon_kinetics(frame).samples["warnings"])
    except sc.InputError as error:
        said = str(error)
    assert "hardly tell apart" in said or "do not describe" in said
    with pytest.raises(sc.InputError, match="too few points"):
        sc.measure.radiocarbon_kinetics(frame.iloc[:3])


# ---- what is wrong with a file


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"", "it is empty"),
        ("a.xlsx", b"PK\x03\x04 and nothing more", "cannot be read"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old (.xls) or password-protected"),
        ("a.csv", b"\n\n\n", "no cell holds anything"),
        ("a.csv", b"\x00\x01\x02\x03\xff", "neither text nor an Excel workbook"),
        ("a.csv", b"these,are,other,columns\n1,2,3,4\n", "has none of the names this method needs"),
        ("a.csv", b"sample,biomass_start,biomass_end,respired\n,ug,ug,ug\n", "no row of samples"),
    ],
)
def test_files_that_hold_no_samples(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    assert said in problems_of(path)


def test_a_file_that_is_not_there(tmp_path):
    assert "there is no such file" in problems_of(tmp_path / "nowhere.xlsx")
    with pytest.raises(sc.InputError, match="not a file"):
        read_sheets(tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kek": 0.45}, "unknown setting"),
        ({"kec": "much"}, "'much'"),
        ({"kec_sd": 0.05}, "kec is not"),
        ({"kec": 0.45, "kec_sd": -1}, "not negative"),
        ({"kec": 0.45, "control": "nothing"}, "unknown treatment"),
        ({"kec": 0.45, "draws": 5}, "at least 100"),
        ({"kec": 0.45, "level": 95}, "such as 0.95"),
    ],
)
def test_settings_that_cannot_be(settings, said):
    frame = pd.DataFrame([{name: value for name, value in RADIO.items() if name != "kec"}])
    with pytest.raises(sc.InputError, match=said):
        sc.measure.radiocarbon_label(frame, **settings)


def test_choices_that_cannot_be():
    with pytest.raises(sc.InputError, match="unknown value of 'control_received' 'nothing'"):
        sc.measure.carbon_label(carbon_frame(), kec=0.45, control_received="nothing")


def test_names_that_begin_like_formulas_stay_text(tmp_path):
    frame = pd.DataFrame([{**RADIO, "sample": "=1+1", "treatment": "=cmd"}]).drop(columns="kec")
    result = sc.measure.radiocarbon_label(frame, kec=0.45)
    write_results(result, tmp_path / "measure.xlsx", tmp_path / "measure.csv")
    book = openpyxl.load_workbook(tmp_path / "measure.xlsx")
    assert [book["samples"]["A2"].value, book["samples"]["B2"].value] == ["=1+1", "=cmd"]
    assert book["samples"]["A2"].data_type == "s"


def test_a_separator_named_in_the_first_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nsample;biomass_start;biomass_end;respired\n;ug;ug;ug\na;200;320;180\n")
    np.testing.assert_allclose(sc.measure.batch_growth(path).samples["cue"], 0.4, rtol=1e-12)


def test_a_long_workbook_holds_what_the_table_of_text_does(tmp_path):
    """Rows beyond the first few are written another way: signs of XML, signs it forbids, and what is missing."""
    frame = pd.DataFrame({"sample": [f"{k} <&> \x07=1" for k in range(500)], "treatment": ["a", "b"] * 250})
    frame["biomass_start"], frame["respired"] = 200.0, 180.0
    frame["biomass_end"] = 300.0 + np.arange(500) / 7
    result = sc.measure.batch_growth(frame)
    write_results(result, tmp_path / "a.xlsx", tmp_path / "a.csv")
    book, text = pd.read_excel(tmp_path / "a.xlsx"), pd.read_csv(tmp_path / "a.csv")
    assert list(book["sample"]) == [name.replace("\x07", "") for name in text["sample"]]
    for column in ("cue", "lower"):
        np.testing.assert_allclose(book[column], text[column], rtol=1e-15)
    page = openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True)["samples"]
    assert page.max_row == 501


@pytest.mark.parametrize("also", ["nothing", "percent", "merged"])
def test_a_workbook_reads_alike_with_and_without_what_is_beyond_values(tmp_path, also):
    path = batch(tmp_path / "a.xlsx", [*ROWS[:1], [], *ROWS[1:]])
    book = openpyxl.load_workbook(path)
    if also == "percent":
        book["samples"]["H9"] = 0.1
        book["samples"]["H9"].number_format = "0 %"
    if also == "merged":
        book["samples"].insert_rows(1)
        book["samples"].merge_cells("A1:B1")
    book.save(path)
    if also == "percent":
        book["samples"]["H9"] = None
    assert [sheet.name for sheet in read_sheets(path)] == ["samples"]
    if also == "percent":
        assert read_sheets(path)[0].percent == {(8, 7)}
        return
    np.testing.assert_allclose(sc.measure.batch_growth(path).samples["cue"], [120 / 300, 90 / 240, 140 / 300])
