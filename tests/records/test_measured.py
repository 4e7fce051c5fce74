"""From a sheet of raw data to records: for every method, raw values give the same CUE again."""

import numpy as np
import pandas as pd
import pytest
from command import soilcue

from soilcue.core.errors import InputError
from soilcue.measure import METHODS
from soilcue.measure.isotopes import delta
from soilcue.measure.samples import samples_of_frame
from soilcue.records import Constants, check_file, flat, recompute, records_of_samples, records_of_sheet, records_table
from soilcue.records.constants import RECOMPUTED, raw_cue

KINETICS = {"time": [0.5, 1, 2, 4, 8, 24, 48, 96], "remaining": [88.0, 81, 73, 66, 60, 52, 46, 38]}


def example(method: str) -> pd.DataFrame:
    """Two samples of a method, one row each or two for a series."""
    about = METHODS[method]
    used = [c for c in about.columns if c.used_with(about.chosen({})) and (c.required or c.only_if)]
    if method == "radiocarbon_kinetics":
        return pd.concat([pd.DataFrame({"sample": name, **KINETICS}) for name in ("a", "b")], ignore_index=True)
    rows = [{"sample": name, **{c.name: c.example for c in used}} for name in ("a", "b")]
    return pd.DataFrame([row for row in rows for _ in range(2 if about.series else 1)])


@pytest.mark.parametrize("method", list(METHODS))
def test_raw_values_of_every_method_give_its_cue_again(method, tmp_path):
    table = samples_of_frame(METHODS[method], example(method))
    records = records_of_samples(table)
    assert [record.id for record in records] == ["table:a", "table:b"]
    expected = np.broadcast_to(table.computed(table.samples.values)["cue"], 2)
    for record, cue in zip(records, expected, strict=True):
        assert record.cueInfo.method == method
        assert record.cueInfo.cue.mean == pytest.approx(cue, rel=1e-12)
        assert raw_cue(record, Constants()) == pytest.approx(cue, rel=1e-9)
        assert "identity" not in {flag.code for flag in record.flags}
    path = tmp_path / "records.csv"
    records_table(records).to_csv(path)
    found = check_file(path)
    assert not found.errors, found.errors
    assert [flat(one) for one in found.records] == [flat(one) for one in records]


@pytest.mark.parametrize(
    ("method", "wanted", "settings"),
    [
        ("carbon_label", {"kEC": 0.38}, {"kec": 0.38}),
        ("radiocarbon_label", {"kEC": 0.3}, {"kec": 0.3}),
        ("oxygen_label", {"oxygenFromWater": 0.5}, {"oxygen_from_water": 0.5}),
        ("oxygen_label", {"waterExcess": True}, {"enrichment_form": "excess"}),
        ("oxygen_label", {"fDNA": 40.0}, {"dna_conversion": "constant", "fdna": 40.0}),
        ("oxygen_vapour", {"waterExcess": True, "fDNA": 12.0}, {"enrichment_form": "excess"}),
    ],
)
def test_rescaling_is_what_the_estimator_does(method, wanted, settings):
    """CUE rescaled by the operators equals the estimator run with the other constant."""
    table = samples_of_frame(METHODS[method], example(method))
    row = recompute(records_of_samples(table), Constants(**wanted)).iloc[0]
    assert row["complete"]
    assert {row[name] for name in wanted} == {RECOMPUTED}
    values = {name: np.asarray(value)[0] for name, value in table.samples.values.items()}
    if "fDNA" in wanted:
        settings = {**settings, "dna_conversion": "constant", "fdna": wanted["fDNA"]}
    about = METHODS[method]
    names = {choice.name for choice in about.choices}
    changed = {**values, **{name: value for name, value in settings.items() if name not in names}}
    choices = {**table.samples.choices, **{name: value for name, value in settings.items() if name in names}}
    assert row["cue_common"] == pytest.approx(float(about.estimate(changed, **choices)["cue"]), rel=1e-10)
    assert row["shift"] != 0


def test_another_standard_goes_through_delta_values():
    frame = example("carbon_label")
    columns = [c.name for c in METHODS["carbon_label"].columns if c.isotope]
    for name in columns:
        frame[name] = delta(frame[name], 0.0111802)
    units = dict.fromkeys(columns, "permil")
    one, other = (
        records_of_samples(samples_of_frame(METHODS["carbon_label"], frame, units, {"isotope_standard": standard}))[0]
        for standard in (0.0111802, 0.0112372)
    )
    assert one.cueInfo.conversions.isotopeStandard == 0.0111802
    row = recompute([one], Constants(isotopeStandard=0.0112372)).iloc[0]
    assert row["isotopeStandard"] == RECOMPUTED
    assert row["cue_common"] == pytest.approx(other.cueInfo.cue.mean, rel=1e-9)


def sheet(folder, **study):
    frame = example("carbon_label")
    frame.insert(1, "treatment", ["warm", "warm", "cold", "cold"])
    frame = frame.drop(columns="kec")
    path = folder / "raw.xlsx"
    with pd.ExcelWriter(path) as book:
        units = pd.DataFrame([[""] * len(frame.columns)], columns=frame.columns)
        for column in METHODS["carbon_label"].columns:
            if column.name in units:
                units[column.name] = "atom %" if column.isotope else column.unit
        pd.concat([units, frame]).to_excel(book, sheet_name="samples", index=False)
        rows = [{"name": name, "value": value, "unit": "1" if name == "kec" else ""} for name, value in study.items()]
        pd.DataFrame(rows).to_excel(book, sheet_name="study", index=False)
    return path


def test_the_study_sheet_fills_the_record(tmp_path):
    path = sheet(
        tmp_path,
        method="carbon_label",
        kec=0.45,
        study="Author 2024",
        latitude=50.5,
        land_cover="forest",
        incubation_temperature=20,
        organic_carbon=31,
        moisture="60 % of field capacity",
    )
    record = records_of_sheet(path).records[0]
    assert record.study == "Author 2024"
    assert record.siteInfo.coordinates.latitude == 50.5
    assert record.siteInfo.landCover == "forest"
    assert record.incubationInfo.temperature == 20
    assert (record.initConditions.carbonMean, record.initConditions.carbonUnits) == (31, "g kg-1")
    assert "60 % of field capacity" in record.entryNote
    assert record.cueInfo.conversions.kEC == 0.45
    assert record.cueInfo.pair.treatment == "warm"
    assert record.cueInfo.raw["co2"] == [60.0, 60.0]


def test_command(tmp_path):
    path, to = sheet(tmp_path, method="carbon_label", study="Author 2024"), tmp_path / "records.csv"
    ended = soilcue("records", "from-sheet", path, "--set", "kec=0.45", "--to", to)
    assert ended.code == 0, ended.err
    assert "2 records; 0 rows left out" in ended.out
    assert pd.read_csv(to)["cueInfo.conversions.kEC"].tolist() == [0.45, 0.45]
    ended = soilcue("records", "from-sheet", path, "--to", to)
    assert ended.code == 2
    assert "kec" in ended.err
    assert soilcue("records", "from-sheet", path, "--to", path).code == 2
    with pytest.raises(InputError, match="does not say how it was measured"):
        records_of_sheet(sheet(tmp_path, study="Author 2024"))
