"""Drivers of studies: tables of sites, parts of a grid, changes, time; mistakes are told with their place."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_study import SITES, message_of

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.core.variables import read_driver
from soilcue.study import plan_of, read_study
from soilcue.study.inputs import changed, mean_year, read_sites, selected, through_time
from soilcue.study.schema import Change, Place, Selection

UNITS = {"porosity": "1", "clay": "1", "above_ground_fraction": "1", "lig_N": "1", "litter_lignin": "1"}


def table(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_table_of_sites_is_read_with_its_units(tmp_path):
    sites = read_sites(table(tmp_path, SITES), UNITS)
    assert list(sites["site"].values) == ["Harvard Forest", "Konza, prairie"]
    assert float(read_driver(sites, "carbon_input")[0]) == pytest.approx(600 / 365.25, rel=1e-3)
    assert float(sites["lat"][1]) == 39.1
    assert "note" not in sites


def test_table_of_months_has_a_year_a_site(tmp_path):
    rows = ["site;month;temperature [degC];clay [%]"]
    rows += [f"{site};{month};{month + 10 * k};{30 + k}" for month in range(1, 13) for k, site in enumerate("ba")]
    sites = read_sites(table(tmp_path, "# a comment\n\n" + "\n".join(rows)), {})
    assert sites["temperature"].dims == ("month", "site")
    assert list(sites["site"].values) == ["b", "a"]
    np.testing.assert_array_equal(sites["temperature"].sel(site="a"), np.arange(1, 13) + 10)
    assert float(read_driver(sites, "clay").sel(site="b")[3]) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no row"),
        ("site,clay [1]\n", "holds no row"),
        ("site,clay\na,0.2\n", "column 'clay': has no unit. Write it in the head, 'clay [1]'"),
        ("site,clay [1]\na,0.2\n\nb,x\n", "line 4, column 'clay [1]': 'x' is not a number"),
        ("site;clay [1]\na;0,2\n", "'0,2' is not a number. Write decimals with a point"),
        ("site,clay [1]\na,0.2\na,0.3\n", "line 3: site 'a' is there for the second time"),
        ("site,clay [1]\n ,0.2\n", "line 2, column 'site': is empty"),
        ("site,clay [1],clay [1]\na,0.2,1\n", "two columns are called 'clay [1]'"),
        ("site,clay [1]\na,0.2,7\n", "line 2: has 3 values; the heads are 2"),
        ("site,clya [1]\na,0.2\n", "no column is a driver. It has: site, clya [1]"),
        ("site,month,clay [1]\na,1,0.2\na,3,0.2\n", "site 'a' lacks month 2"),
        ('site,clay [1]\n"a,0.2\nb,0.3\n', "quotation mark"),
        (b"site,clay [1]\n\xff,0.2\n", "not text in UTF-8"),
    ],
)
def test_mistake_in_a_table_is_told_with_its_place(text, words, tmp_path):
    with pytest.raises(InputError) as refused:
        read_sites(table(tmp_path, text), {})
    assert words in str(refused.value)
    assert "table.csv" in str(refused.value)


def test_units_name_columns_that_are_there(tmp_path):
    with pytest.raises(InputError, match=r"unknown column 'cly'\. Did you mean 'clay'"):
        read_sites(table(tmp_path, "site,clay [1]\na,0.2\n"), {"cly": "1"})


@given(st.binary(max_size=200) | st.text(st.sampled_from(',;"\n[]() .-1x'), max_size=60).map(str.encode))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_table_ends_in_a_message(tmp_path, content):
    message = message_of(lambda: read_sites(table(tmp_path, b"site,clay [1]\n" + content), {}))
    assert not message or "table.csv" in message


@pytest.fixture(scope="module")
def grid() -> xr.Dataset:
    return sc.drivers()


def test_parts_of_a_grid(grid):
    part = selected(grid, Selection(lat=(30, 10), lon=(170, -170)))
    assert part["lat"].min() > 10
    assert part["lat"].max() < 30
    assert sorted(part["lon"].values) == [-178.75, -176.25, -173.75, -171.25, 171.25, 173.75, 176.25, 178.75]
    places = [Place(name="a", lat=42.5, lon=-72.2), Place(name="b", lat=39.1, lon=263.4)]
    sites = selected(grid, Selection(places=places))
    assert sites["temperature"].dims == ("month", "site")
    assert float(sites["distance_km"].max()) < 300
    assert (sites["carbon_input"] > 0).all()
    assert float(sites["lon"][1]) == pytest.approx(-96.25)
    assert list(selected(sites, Selection(sites=["b"]))["site"].values) == ["b"]


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (
            Selection(places=[Place(name="sea", lat=30, lon=-40)]),
            "no cell with all drivers lies within 300 km of 'sea'",
        ),
        (Selection(lat=(1.3, 1.4)), "leaves nothing along 'lat'"),
        (Selection(sites=["a"]), "needs a dimension site"),
        (Selection(places=[Place(name="a", lat=1, lon=20)] * 2), "two places bear one name"),
    ],
)
def test_impossible_parts_are_told(selection, words, grid):
    with pytest.raises(InputError, match=words):
        selected(grid, selection)


def test_sites_have_no_latitudes_to_select_by():
    with pytest.raises(InputError, match="needs a grid with the dimensions lat and lon; there are site"):
        selected(sc.drivers("lter"), Selection(lat=(0, 10)))
    with pytest.raises(InputError, match=r"unknown site 'KNY'\. Did you mean 'KNZ'"):
        selected(sc.drivers("lter"), Selection(sites=["KNY"]))


def test_changes_are_in_the_unit_of_the_driver(tmp_path):
    sites = read_sites(table(tmp_path, SITES), UNITS)
    warm = changed(sites, {"temperature": Change(add=5), "carbon_input": Change(multiply=2)}, "warmer")
    np.testing.assert_allclose(warm["temperature"], [13.5, 17.9])
    np.testing.assert_allclose(warm["carbon_input"], 2 * read_driver(sites, "carbon_input"))
    np.testing.assert_allclose(changed(sites, {"lignin_to_nitrogen": Change(set=9)}, "x")["lignin_to_nitrogen"], 9)
    assert float(sites["temperature"][0]) == 8.5
    with pytest.raises(InputError, match=r"as the experiment 'hot' changes it.*2 values outside"):
        changed(sites, {"temperature": Change(add=500)}, "hot")
    with pytest.raises(InputError, match="lacks the variable 'pH'"):
        changed(sites, {"pH": Change(add=1)}, "x")
    yearly = sites.assign(annual_carbon_input=("site", [1.0, 1.0], {"units": "gC m-2 yr-1"}))
    with pytest.raises(InputError, match="change both alike"):
        changed(yearly, {"carbon_input": Change(multiply=2)}, "x")


def monthly(years: int, start: str = "2001-01") -> xr.Dataset:
    """Temperature that warms by a degree a year."""
    time = np.arange(np.datetime64(start), np.datetime64(start) + 12 * years, dtype="datetime64[M]")
    values = np.tile(np.arange(12.0), years) + np.repeat(np.arange(years), 12)
    site = {"site": ["Harvard Forest", "Konza, prairie"]}
    return xr.Dataset(
        {"temperature": (("time", "site"), np.stack([values, values + 1], axis=1), {"units": "degC"})},
        coords={"time": time.astype("datetime64[ns]"), **site},
    )


def test_months_repeat_beside_drivers_that_change(tmp_path):
    sites = read_sites(table(tmp_path, SITES), UNITS)
    seasonal = sites.assign(moisture=sites["moisture"] * xr.DataArray(np.linspace(0.5, 1, 12), dims="month"))
    seasonal["moisture"].attrs["units"] = "m3 m-3"
    joined = through_time(seasonal, monthly(3))
    assert joined["temperature"].dims == ("time", "site")
    assert "month" not in joined.dims
    np.testing.assert_allclose(
        joined["moisture"].transpose("time", "site")[12:24], seasonal["moisture"].transpose("month", "site")
    )
    backward = seasonal.assign_coords(month=range(1, 13)).isel(month=slice(None, None, -1))
    xr.testing.assert_equal(through_time(backward, monthly(3))["moisture"], joined["moisture"])
    with pytest.raises(InputError, match="'month' of 'moisture' has length 3"):
        through_time(seasonal.isel(month=slice(3)), monthly(3))
    mean = mean_year(joined, 2)
    np.testing.assert_allclose(mean["temperature"].sel(site="Harvard Forest"), np.arange(12) + 0.5)
    assert mean["temperature"].attrs["units"] == "degC"
    with pytest.raises(InputError, match="holds 3 whole years; first_years asks for 4"):
        mean_year(joined, 4)
    with pytest.raises(InputError, match="begins in month 7"):
        mean_year(through_time(sites, monthly(3, "2001-07")), 2)


def test_drivers_that_do_not_fit_together_are_told(tmp_path):
    sites = read_sites(table(tmp_path, SITES), UNITS)
    with pytest.raises(InputError, match="stands on other cells"):
        through_time(sites, monthly(2).assign_coords(site=["a", "b"]))
    with pytest.raises(InputError, match="no driver in it has a dimension 'time'"):
        through_time(sites, monthly(2).isel(time=0, drop=True))
    with pytest.raises(InputError, match="without gaps"):
        through_time(sites, monthly(3).isel(time=[i for i in range(36) if i != 7]))


DRIVER_CASES = {
    "percent for a share": ("0.5,0.1,600", "0.5,10,600", "outside 0 to 1", "looks like percent"),
    "missing driver": ("porosity", "pore", "lacks the variable", "'porosity'"),
    "all missing": ("0.5,0.1,600", "0.5,NA,600", None, None),
}


@pytest.mark.parametrize("case", DRIVER_CASES)
def test_drivers_a_model_cannot_use_are_told_by_validate(case, study):
    old, new, *words = DRIVER_CASES[case]
    path = study.with_name("sites.csv")
    path.write_text(path.read_text().replace(old, new))
    if case == "missing driver":
        study.write_text(study.read_text().replace("porosity: '1', ", ""))
    if words[0] is None:
        assert plan_of(read_study(study)).runs[0].cells == 1
        return
    with pytest.raises(InputError) as refused:
        plan_of(read_study(study))
    for word in (*words, "sites.csv"):
        assert word in str(refused.value)


def test_every_run_that_cannot_be_made_is_told(study):
    text = study.read_text().replace(
        "- century", "- century\n  - millennial\n  - {model: mimics, parameters: wieder2015}"
    )
    study.write_text(text.replace("{add: 5}", "{add: 500}"))
    with pytest.raises(InputError) as refused:
        plan_of(read_study(study))
    told = str(refused.value).splitlines()
    assert "3 of its runs or experiments cannot be made" in told[0]
    assert "model 'millennial', experiment 'today'" in told[1]
    assert "experiment 'warmer' changes it" in told[3]


@given(data=st.data())
# the same each time: inside of the HDF5 library some damage ends in a loop without end, which no program can leave
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_netcdf_ends_in_a_message(data, study, netcdf_bytes):
    harmed = bytearray(netcdf_bytes)
    for _ in range(data.draw(st.integers(1, 8))):
        harmed[data.draw(st.integers(0, len(harmed) - 1))] = data.draw(st.integers(0, 255))
    harmed = harmed[: data.draw(st.integers(8, len(harmed)))] if data.draw(st.booleans()) else harmed
    study.with_name("drivers.nc").write_bytes(harmed)
    study.write_text(
        "title: x\ndrivers: {netcdf: drivers.nc}\nmodels: [century]\nexperiments: [{name: a, kind: steady}]\n"
    )
    message = message_of(lambda: plan_of(read_study(study)))
    assert not message or "drivers.nc" in message


@pytest.fixture(scope="module")
def netcdf_bytes(tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("netcdf")
    read_sites(table(folder, SITES), UNITS).to_netcdf(folder / "d.nc")
    return (folder / "d.nc").read_bytes()
