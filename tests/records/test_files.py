"""One's own files of records: read in four forms, every problem at once, and never a traceback."""

import json
import os

import openpyxl
import pytest
import yaml
from command import soilcue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soilcue.core.errors import InputError
from soilcue.records import check_file, embedded, fields, flat, read_own, records_table

GOOD = [
    {
        "id": "a",
        "study": "One 2001",
        "siteInfo": {"landCover": "forest", "coordinates": {"latitude": 50.5}},
        "incubationInfo": {"temperature": 20, "anaerobic": False, "incubationTime": 1},
        "cueInfo": {
            "method": "oxygen_label",
            "growth": {"mean": 0.42, "unit": "ug g-1 h-1"},
            "respiration": {"mean": 0.58},
            "cue": {"mean": 0.42, "n": 4},
        },
    },
    {"id": "b", "study": "Two 2002", "cueInfo": {"methodFamily": "carbon_label", "cue": {"mean": 0.6}}},
]


def written(folder, name, text):
    path = folder / name
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text, encoding="utf-8")
    return path


def book(folder, rows, **more_sheets):
    """A workbook whose first sheet holds rows."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "records"
    for row in rows:
        sheet.append(row)
    for title, others in more_sheets.items():
        page = workbook.create_sheet(title)
        for row in others:
            page.append(row)
    path = folder / "records.xlsx"
    workbook.save(path)
    return path


HEAD = ["id", "study", "method", "cue", "growth", "respiration", "temperature (K)", "latitude", "landCover"]
ROW = ["a", "One 2001", "oxygen_label", 0.42, 0.42, 0.58, 293.15, 50.5, "forest"]


def test_the_same_records_in_every_form(tmp_path):
    as_json = check_file(written(tmp_path, "r.json", json.dumps(GOOD)))
    assert not as_json.errors
    forms = [
        written(tmp_path, "r.yaml", yaml.safe_dump({"records": GOOD})),
        written(tmp_path, "dotted.json", json.dumps({"records": [flat(one) for one in as_json.records]})),
    ]
    records_table(as_json.records).to_csv(tmp_path / "r.csv")
    for path in [*forms, tmp_path / "r.csv"]:
        again = check_file(path)
        assert not again.errors, again.errors
        assert again.records == as_json.records
    assert as_json.records[0].cueInfo.methodFamily == "water_label"  # told by the method
    assert as_json.records[0].incubationInfo.anaerobic is False


def test_the_embedded_table_reads_back_as_itself(tmp_path):
    path = tmp_path / "records.csv"
    records_table(embedded()).to_csv(path)
    found = check_file(path)
    assert not found.errors
    assert found.records == embedded()


def test_short_names_and_units(tmp_path):
    (record,) = read_own(book(tmp_path, [HEAD, ROW])).records
    assert record.dataset == "records"
    assert record.cueInfo.cue.mean == 0.42
    assert record.incubationInfo.temperature == pytest.approx(20)
    assert record.siteInfo.coordinates.latitude == 50.5


def test_decimal_commas_and_latin_1(tmp_path):
    text = "id;study;method;CUE;temperature\na;Šantr 2004;oxygen_label;0,42;12,5\nb;Müller 2005;oxygen_label;0,5;\n"
    for name, encoding in (("a.csv", "utf-8"), ("b.csv", "cp1252")):
        (tmp_path / name).write_bytes(text.encode(encoding, errors="replace"))
        found = check_file(tmp_path / name)
        assert not found.errors
        assert [one.cueInfo.cue.mean for one in found.records] == [0.42, 0.5]
        assert found.records[1].study == "Müller 2005"


def test_everything_wrong_is_told_at_once_with_its_place(tmp_path):
    path = written(
        tmp_path,
        "bad.csv",
        "id;study;method;latitude;temperature (K);CUE;growth;respiration;mean;landCover;clay;cue_n\n"
        "a;One 2001;oxygen_label;95;298.15;0,42;0,42;0,58;1;forest;20;3\n"
        "a;One 2001;oxygenlabel;45;298,15;42;0,42;0,58;1;woods;7;3,5\n"
        "b;;carbon_label;45;#N/A;0,4;;;;forest;;\n"
        "c;;;45;12;;;;;forest;;\n",
    )
    ended = soilcue("records", "check", path)
    assert ended.code == 2
    for words in (
        "cell I1: the name 'mean' is not that of one field",
        "cell K1: the name 'clay' is not that of one field; allowed: a field of a record (initConditions.percentClay?)",
        "cell E4, incubationInfo.temperature: found the error #N/A",
        "cell D2, siteInfo.coordinates.latitude: found 95.0; allowed: 90 or less degrees",
        "cell A3, id: 'a' is also the name of",
        "cell J3, siteInfo.landCover: found 'woods'; allowed: 'bare'",
        "cell L3, cueInfo.cue.n: found 3.5; allowed: a whole number",
        "cell C3, cueInfo.method: found 'oxygenlabel'; allowed: a name of `soilcue methods` (oxygen_label",
        "Give CUE as a fraction",
        "cell E5, incubationInfo.temperature: found -261.15; allowed: -30 or more degC",
        "neither a method nor its family",
        "neither CUE nor growth, respiration or uptake",
    ):
        assert words in ended.out, words
    printed = json.loads(soilcue("records", "check", path, "--json").out)
    assert len(printed["errors"]) == 12
    assert all(one["mend"] for one in printed["errors"])
    with pytest.raises(InputError, match="12 errors in the records"):
        read_own(path)


def test_workbooks_as_people_make_them(tmp_path):
    path = book(tmp_path, [HEAD, ROW, ["b", "Two 2002", "carbon_label", "#DIV/0!", None, None, None, None, None]])
    workbook = openpyxl.load_workbook(path)
    sheet = workbook["records"]
    sheet["D4"], sheet["A4"], sheet["C4"] = "=1/2", "c", "carbon_label"
    sheet.merge_cells("B5:B6")
    sheet["A5"], sheet["C5"], sheet["D5"] = "d", "carbon_label", 0.4
    sheet["A6"], sheet["C6"], sheet["D6"] = "e", "carbon_label", 0.4
    workbook.create_sheet("notes")["A1"] = "nothing of interest"
    workbook.save(path)
    found = check_file(path)
    told = "\n".join(map(str, found.errors))
    assert "sheet 'records', cell D3, cueInfo.cue.mean: found the error #DIV/0!" in told
    assert "cell D4, cueInfo.cue.mean: a formula without a value" in told
    assert "cells B5:B6: merged cells" in told


def test_which_sheet(tmp_path):
    path = book(tmp_path, [HEAD, ROW], other=[HEAD, ROW])
    with pytest.raises(InputError, match="Name one with --sheet"):
        check_file(path)
    assert len(check_file(path, "OTHER").records) == 1
    with pytest.raises(InputError, match="no sheet 'third'"):
        check_file(path, "third")
    assert soilcue("records", "check", path, "--sheet", "other").code == 0


def test_a_hundred_sheets(tmp_path):
    path = book(tmp_path, [HEAD, ROW], **{f"s{i}": [["a"]] for i in range(100)})
    assert len(check_file(path).records) == 1


def test_what_others_need_is_asked_for_once_a_file(tmp_path):
    rows = [HEAD, *[[f"r{i}", *ROW[1:]] for i in range(30)]]
    found = check_file(book(tmp_path, rows))
    asked = {problem.field: problem.found for problem in found.warnings if "missing" in problem.found}
    assert asked["cueInfo.conversions.oxygenFromWater"] == "missing in 30 of 30 records that it concerns"
    assert "cueInfo.conversions.kEC" not in asked  # 18O needs none
    assert len([one for one in found.warnings if one.field == "incubationInfo.incubationTime"]) == 1
    assert "incubationInfo.temperature" not in asked


def test_family_and_method_must_agree(tmp_path):
    one = {"id": "a", "cueInfo": {"method": "oxygen_label", "methodFamily": "carbon_label", "cue": {"mean": 0.4}}}
    (problem,) = check_file(written(tmp_path, "r.json", json.dumps(one))).errors
    assert "'carbon_label' beside the method 'oxygen_label'" in problem.found


def test_invalid_definition_is_an_error(tmp_path):
    one = {
        "id": "a",
        "cueInfo": {"methodFamily": "batch_growth", "cue": {"mean": 0.8}, "definition": "MBC/(MBC+CO2-C)"},
    }
    (problem,) = check_file(written(tmp_path, "r.json", json.dumps(one))).errors
    assert "it is no efficiency" in problem.found


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "", "it is empty"),
        ("a.csv", "id,cue\n", "holds no record"),
        ("a.csv", "\n\n\n", "no cell holds anything"),
        ("a.csv", b"\x00\x01\x02\x03" * 9, "neither text nor an Excel workbook"),
        ("a.xlsx", b"PK\x03\x04 broken", "cannot be read"),
        ("a.json", "{", "cannot be read as JSON"),
        ("a.json", "3", "a list of records"),
        ("a.json", "[" * 100000, "nested too deeply"),
        ("a.json", b"\xff\xfe\x00", "not UTF-8"),
        ("a.yaml", "a: [1, 2", "cannot be read as YAML"),
        ("a.yaml", "- !!python/object/apply:os.system ['true']", "cannot be read as YAML"),
        ("a.json", "[]", "holds no record"),
    ],
)
def test_files_that_are_no_records_are_explained(tmp_path, name, text, words):
    ended = soilcue("records", "check", written(tmp_path, name, text))
    assert ended.code == 2
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_absent_files_and_folders(tmp_path):
    for path, words in ((tmp_path / "no.csv", "there is no such file"), (tmp_path, "it is not a file")):
        ended = soilcue("records", "check", path)
        assert ended.code == 2
        assert words in ended.err


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (3, "found 3"),
        ({"id": "a", "cueInfo": {"cue": 0.4, "method": "oxygen_label"}}, "not that of one field"),
        ({"id": "a", "cue": 0.4, "cueInfo": {"cue": {"mean": 0.5}}}, "given twice"),
        ({"id": "a", "cueInfo": {"colour": 1}}, "not that of one field"),
        ({"id": ["a"], "cueInfo.cue.mean": [0.4]}, "found ['a']"),
        ({"id": "a", "cueInfo.cue.mean": "0,4,2"}, "found '0,4,2'"),
        ({"id": "a", "cueInfo.cue.mean": float("nan")}, "found nan"),
        ({"id": "a", "schemaVersion": "7.0", "cueInfo.cue.mean": 0.4}, "'1.0'"),
    ],
)
def test_wrong_entries_are_explained(tmp_path, entry, words):
    errors = check_file(written(tmp_path, "r.json", json.dumps([entry]))).errors
    assert any(words in str(problem) for problem in errors), errors


def test_check_writes_what_it_checked(tmp_path):
    path = book(tmp_path, [HEAD, ROW])
    ended = soilcue("records", "check", path, "--to", tmp_path / "clean.csv")
    assert ended.code == 0, ended.err
    assert len(check_file(tmp_path / "clean.csv").records) == 1
    bad = book(tmp_path, [HEAD, [*ROW[:3], 1.4, *ROW[4:]]])
    assert soilcue("records", "check", bad, "--to", tmp_path / "bad.csv").code == 2
    assert not (tmp_path / "bad.csv").exists()


def test_recompute_from_a_file(tmp_path):
    head = ["id", "study", "method", "cue", "kEC"]
    path = book(
        tmp_path, [head, ["a", "One 2001", "carbon_label", 0.8540043, 0.45], ["b", "B 2002", "carbon_label", 0.5, None]]
    )
    out = tmp_path / "out.csv"
    ended = soilcue("records", "recompute", path, "--kec", 0.38, "--to", out)
    assert ended.code == 0, ended.err
    assert "1 recomputed, 1 not possible" in ended.out
    assert "kEC is not told" in ended.out
    assert "0.8738498" in out.read_text()
    for asked, words in (
        ([], "no constant to bring the records to"),
        (["--kec", 2], "the constant kEC is 2"),
        (["--water", "delta"], "unknown divisor 'delta'"),
    ):
        ended = soilcue("records", "recompute", path, *asked)
        assert ended.code == 2
        assert words in ended.err
    assert "unknown set of records 'bolscher'" in soilcue("records", "recompute", "bolscher", "--kec", 0.4).err


def test_report_on_ones_own_records(tmp_path):
    path = book(tmp_path, [HEAD, ROW])
    folder = tmp_path / "out"
    folder.mkdir()
    ended = soilcue("records", "report", path, "--alone", "--folder", folder)
    assert ended.code == 0, ended.err
    assert "records: 1 records, 1 with a usable CUE" in ended.out
    bad = book(tmp_path, [HEAD, [*ROW[:3], 1.4, *ROW[4:]]])
    ended = soilcue("records", "report", bad, "--alone", "--folder", tmp_path)
    assert ended.code == 2
    assert "Give CUE as a fraction" in ended.err
    assert soilcue("records", "report", "--alone", "--folder", tmp_path).code == 2
    assert not (tmp_path / "records.html").exists()
    assert sorted(os.listdir(folder)) == ["records.csv", "records.csv-metadata.json", "records.html"]
    over = soilcue("records", "report", folder / "records.csv", "--alone", "--folder", folder)
    assert over.code == 2
    assert "would be overwritten" in over.err


def fit_for_anything(path):
    """Whatever is in a file: records and problems, or one message."""
    try:
        found = check_file(path)
    except InputError:
        return
    for problem in found.problems:
        assert problem.place
        assert problem.found
        assert problem.mend
    assert all(record.id for record in found.records)


cells = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.integers(-(10**9), 10**9),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.sampled_from(["", "NA", "0,42", "1e400", "#REF!", "=A1", "carbon_label", "forest", "∞", "1_0", "٣"]),
)
names = st.sampled_from([*fields(), "cue", "mean", "cue (%)", "temperature (K)", "temperature [kg]", "", "flags"])
json_values = st.recursive(
    cells.map(str) | st.floats() | st.none() | st.booleans(),
    lambda x: st.lists(x) | st.dictionaries(names, x),
    max_leaves=8,
)
quiet = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quiet
@given(
    st.lists(names, min_size=1, max_size=6), st.lists(st.lists(cells, max_size=6), max_size=4), st.sampled_from(",;\t")
)
def test_any_csv(tmp_path, head, rows, separator):
    lines = [separator.join("" if cell is None else str(cell) for cell in row) for row in [head, *rows]]
    fit_for_anything(written(tmp_path, "any.csv", "\n".join(lines)))


@quiet
@given(st.binary(max_size=200), st.sampled_from([".csv", ".xlsx", ".json", ".yaml"]))
def test_any_bytes(tmp_path, content, suffix):
    fit_for_anything(written(tmp_path, f"any{suffix}", content))


@quiet
@given(st.lists(st.dictionaries(names, json_values, max_size=5), max_size=3) | json_values)
def test_any_json(tmp_path, content):
    fit_for_anything(written(tmp_path, "any.json", json.dumps(content)))


@quiet
@given(st.text(alphabet="ab: -[]{}\n&*!%'\"|>#,0.4", max_size=60))
def test_any_yaml(tmp_path, content):
    fit_for_anything(written(tmp_path, "any.yaml", content))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(names, min_size=1, max_size=6), st.lists(st.lists(cells, max_size=6), max_size=3))
def test_any_workbook(tmp_path, head, rows):
    clean = [
        [c if not isinstance(c, str) else "".join(x for x in c if x.isprintable()) for c in row]
        for row in [head, *rows]
    ]
    fit_for_anything(book(tmp_path, clean))
