"""One contract for every reader, and the counts of what is wrong in each table."""

import re
from collections import Counter

import pytest

from soilcue.core.errors import InputError
from soilcue.core.references import REFERENCES
from soilcue.data.catalogue import catalogue
from soilcue.measure.methods import METHODS
from soilcue.records import READERS, Record, at_hand, flat
from soilcue.records.checks import broken_identity, study_key, with_shared_studies
from soilcue.records.methods import FAMILY_OF_METHOD, cue_info
from soilcue.records.reader import csv_rows
from soilcue.records.readers.brangari import CARBON_OF_LEUCINE
from soilcue.records.schema import FAMILIES
from soilcue.records.table import embedded

NAMES = (
    "brangari",
    "capek_anaerobic",
    "capek_growth",
    "chakrawal2020",
    "hu2024",
    "muscarella2020",
    "saifuddin2019",
    "sidb",
    "smart2024",
    "yu2025",
)


def test_all_sets_are_registered():
    assert tuple(READERS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_reader_says_what_it_reads(name):
    reader = READERS[name]
    assert reader.name == name
    assert reader.folder in catalogue()
    assert set(reader.about.cite) <= set(REFERENCES)
    assert {file.name for file in reader.about.files} >= set(reader.files)
    assert len(reader.traps) >= 2
    assert all(trap.endswith(".") for trap in reader.traps)
    module, _, kind = reader.about.reader.partition(":")
    assert (type(reader).__module__, type(reader).__name__) == (module, kind)


@pytest.mark.shared
@pytest.mark.parametrize("name", NAMES)
def test_contract(name, readings):
    reading = readings[name]
    assert reading.records
    assert len({record.id for record in reading.records}) == len(reading.records)
    for record in reading.records:
        assert Record.model_validate(record.model_dump()) == record
        assert record.dataset == name
        assert record.id.startswith(f"{name}:")
        assert record.study
        info = record.cueInfo
        if info.cue.mean is None:
            assert info.respiration.mean is not None
        else:
            assert info.methodFamily in FAMILIES
            assert info.level in ("P", "C", "E")
            assert info.evidence
        assert info.method is None or info.method in list(METHODS)
    assert all(one.place and one.reason for one in reading.left_out)
    flags = reading.flags()
    assert set(flags["id"]) <= {record.id for record in reading.records}
    assert not flags.duplicated(["id", "code"]).any()


@pytest.mark.shared
@pytest.mark.parametrize("name", NAMES)
def test_identities_hold_where_none_is_flagged(name, readings):
    for record in readings[name].records:
        flagged = "identity" in {flag.code for flag in record.flags}
        assert flagged == (broken_identity(record) is not None)


@pytest.mark.shared
def test_method_details_that_a_source_lacks_are_missing(readings):
    """No constant is filled in: these tables tell none."""
    for name in ("yu2025", "hu2024", "smart2024", "saifuddin2019"):
        for record in readings[name].records:
            assert not [path for path in flat(record) if "conversions" in path], name
            assert (record.cueInfo.method == "respiratory_quotient") == (name == "smart2024")


def test_every_method_has_a_family():
    assert set(FAMILY_OF_METHOD) == set(METHODS)
    assert set(FAMILY_OF_METHOD.values()) <= set(FAMILIES)
    for method in METHODS:
        info = cue_info(method)
        assert info.methodFamily == FAMILY_OF_METHOD[method]
        assert set(flat(Record(id="a", cueInfo=info))) >= {"cueInfo.level", "cueInfo.includes.maintenance"}


def counts(reading):
    return Counter(flag.code for record in reading.records for flag in record.flags)


@pytest.mark.shared
def test_rows_and_flags_are_those_counted_by_hand(readings):
    """Counts of the catalogue's notes, and those found since."""
    sizes = {
        name: (len(one.records), sum(r.cueInfo.cue.mean is not None for r in one.records))
        for name, one in readings.items()
    }
    assert sizes == {
        "brangari": (753, 753),
        "capek_anaerobic": (12, 12),
        "capek_growth": (89, 89),
        "chakrawal2020": (37, 37),
        "hu2024": (86, 86),
        "muscarella2020": (58, 58),
        "saifuddin2019": (143, 143),
        "sidb": (706, 0),
        "smart2024": (1081, 1081),
        "yu2025": (469, 469),
    }
    expected = {
        "brangari": {"identity": 68, "filled": 130, "inconsistent": 9, "no_site": 38},
        "capek_growth": {"wrong_start": 6, "extracted_carbon": 34},
        "chakrawal2020": {"enthalpy": 8, "repeat": 3},
        "hu2024": {"dose": 14},
        "muscarella2020": {"zero_respiration": 5, "hardly_growing": 22},
        "smart2024": {"no_oxygen_used": 34, "clipped": 449, "beyond_relation": 16},
        "yu2025": {"repeat": 81, "assimilation": 42, "mended_label": 18, "mended_name": 13},
        "sidb": {"more_than_there_was": 18, "negative_respiration": 1},
    }
    for name, of_code in expected.items():
        found = counts(readings[name])
        assert {code: found[code] for code in of_code} == of_code, name


@pytest.mark.shared
def test_brangari(readings):
    records = readings["brangari"].records
    broken = [r for r in records if broken_identity(r)]
    assert len(broken) == 68
    assert sum(r.incubationInfo.temperature == 0 for r in broken) == 60
    off = [
        abs(r.cueInfo.cue.mean - r.cueInfo.growth.mean / (r.cueInfo.growth.mean + r.cueInfo.respiration.mean))
        for r in broken
    ]
    assert max(off) == pytest.approx(0.061387, abs=1e-6)
    values = [r.cueInfo.cue.mean for r in records]
    assert (min(values), max(values)) == pytest.approx((0.0014, 0.7331), abs=5e-5)
    assert len({r.siteInfo.site for r in records}) == 76
    assert not any("√" in (r.siteInfo.country or "") for r in records)
    assert len(readings["brangari"].left_out) == 7


@pytest.mark.shared
def test_brangari_computed_its_cue_from_filled_columns(shared_data):
    reader = READERS["brangari"]
    off, rows = 0, csv_rows(shared_data / reader.folder / reader.files[0], na_values=["#VALUE!"])
    for row in rows:
        if None not in (row["cue"], row["fbratio"], row["r_c"]):
            growth = 10 * CARBON_OF_LEUCINE * row["b_thy"] * (1 + row["fbratio"])
            off += abs(growth / (growth + row["r_c"]) - row["cue"]) > 1e-6
    assert off == 1


@pytest.mark.shared
def test_muscarella_to_its_last_digit(readings):
    for record in readings["muscarella2020"].records:
        growth, respiration = record.cueInfo.growth.mean, record.cueInfo.respiration.mean
        assert record.cueInfo.cue.mean == pytest.approx(growth / (growth + respiration), abs=5e-6)
    glucose = [r for r in readings["muscarella2020"].records if r.cueInfo.substrate == "glucose"]
    assert sum(r.cueInfo.cue.mean < 1e-3 for r in glucose) == 7


@pytest.mark.shared
def test_chakrawal_by_the_own_arithmetic_of_the_workbook(readings):
    """CUE = 1 - CO2/12/(energy/469 kJ per mol), for every soil and substrate; and with the right enthalpies."""
    records = {r.id: r for r in readings["chakrawal2020"].records}
    arable = records["chakrawal2020:Arable:D-Glucose"]
    assert arable.cueInfo.cue.mean == pytest.approx(1 - 62.5 / 12 / (10.4 * 1000 / 469), rel=1e-12)
    assert not [flag for flag in arable.flags if flag.code == "enthalpy"]
    alanine = records["chakrawal2020:Arable:L-Alanine"]
    assert alanine.cueInfo.cue.mean == pytest.approx(1 - 40.6 / 12 / (5.6 * 1000 / 469), rel=1e-12)
    (flag,) = [flag for flag in alanine.flags if flag.code == "enthalpy"]
    assert f"CUE is {1 - 40.6 / 12 / (5.6 * 1000 / 542):.4f}" in flag.reason


@pytest.mark.shared
def test_capek_by_group_means(readings):
    record = next(r for r in readings["capek_anaerobic"].records if r.id == "capek_anaerobic:PL:A:24")
    assert record.cueInfo.growth.mean == pytest.approx(56.873, abs=5e-4)  # New_biomass.csv
    assert record.cueInfo.conversions.kEC == 0.45
    assert record.cueInfo.cue.n == 4
    assert "published" in {flag.code.partition("_")[0] for flag in record.flags}
    series = next(r for r in readings["capek_growth"].records if r.id == "capek_growth:Santruckova2004:6")
    assert series.cueInfo.cue.mean == pytest.approx(
        4.428161906393 / 0.229388679 / (4.428161906393 / 0.229388679 + 6.527764)
    )


@pytest.mark.shared
def test_smart_is_called_what_it_is(readings):
    records = readings["smart2024"].records
    assert {r.cueInfo.evidence for r in records} == {"derived"}
    zero = [r for r in records if r.cueInfo.cue.mean == 0]
    assert len(zero) == 497
    ratio = re.compile(r"RQ ([-\d.e+]+)")
    for r in records:
        value = float(ratio.search(r.entryNote)[1])
        if 1 < value < 3.9:  # the authors predicted from a fit to a table: near the relation, not on it
            assert r.cueInfo.cue.mean == pytest.approx((value - 1) / (1.5 * value - 1), abs=0.015)


@pytest.mark.shared
def test_studies_that_two_tables_share(readings):
    tables = with_shared_studies([one.records for one in readings.values()])
    shared = {study_key(r.study) for table in tables for r in table if "shared_study" in {f.code for f in r.flags}}
    assert shared >= {"kallenbach 2015", "tucker 2013", "chotte 1998", "santruckova 2004"}
    assert len(with_shared_studies([readings["yu2025"].records, readings["hu2024"].records])) == 2


def test_no_folder_and_no_files_are_explained(tmp_path, monkeypatch):
    monkeypatch.delenv("SOILCUE_DATA", raising=False)
    with pytest.raises(InputError, match="SOILCUE_DATA"):
        READERS["yu2025"].read()
    assert not READERS["yu2025"].present()
    with pytest.raises(InputError, match="soilcue data how yu2025_cue"):
        READERS["yu2025"].read(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        READERS["yu2025"].read(tmp_path / "nowhere")
    with pytest.raises(InputError, match="Did you mean 'yu2025'"):
        READERS["yu2024"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x00\xff\xfe" * 50], ids=["empty", "other", "noise"])
def test_damaged_files_are_explained(name, content, tmp_path):
    reader = READERS[name]
    for file in reader.files:
        (tmp_path / reader.folder).mkdir(exist_ok=True)
        (tmp_path / reader.folder / file).write_bytes(content)
    if name == "sidb":
        study = tmp_path / reader.folder / "Study"
        study.mkdir()
        (study / "metadata.yaml").write_bytes(content)
    with pytest.raises(InputError, match="soilcue data check --set"):
        reader.read(tmp_path)


def test_a_set_in_part_is_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "hu2024_13Cglucose_cae_cue").mkdir()
    with pytest.raises(InputError, match=r"Metadata__CUE\.csv: there is no such file"):
        at_hand(tmp_path)
    monkeypatch.setenv("SOILCUE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="mend SOILCUE_DATA"):
        at_hand()
    monkeypatch.delenv("SOILCUE_DATA")
    assert [one.dataset for one in at_hand()] == ["brangari", "capek_anaerobic", "chakrawal2020"]


@pytest.mark.shared
def test_embedded_records_are_what_the_readers_make(readings):
    made = {r.id: r for name in READERS if READERS[name].about.embedded for r in readings[name].records}
    ours = {r.id: r for r in embedded()}
    assert ours == made
