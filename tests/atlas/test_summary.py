"""Summary statistics of an atlas, on grids small enough to check by hand."""

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from soilcue.atlas import summary
from soilcue.core.errors import InputError

NAN = math.nan
LATITUDES = np.array([-60.0, -20.0, 20.0, 60.0])
LONGITUDES = np.array([-120.0, 0.0, 120.0])
AREA = np.array([[1.0, 1.0, 0.0], [4.0, 2.0, 2.0], [3.0, 1.0, 1.0], [1.0, 1.0, 2.0]]) * 1e12


def small_atlas() -> xr.Dataset:
    """Four rows, three columns; one ocean cell, and one cell of MIMICS that is flagged as unstable."""
    century = np.array([[0.30, 0.32, NAN], [0.40, 0.42, 0.44], [0.40, 0.41, 0.43], [0.31, 0.33, 0.35]])
    mimics = np.array([[0.50, 0.52, NAN], [0.60, NAN, 0.64], [0.60, 0.61, 0.63], [0.51, 0.53, 0.55]])
    uptake = np.stack([century, mimics])
    cue = np.stack([uptake, uptake + 0.05], axis=1)
    status = np.where(np.isfinite(uptake), 0, 1).astype("int8")
    status[1, 1, 1] = 4
    cells = ("lat", "lon")
    respiration = np.where(np.isfinite(uptake), 1.0, NAN)
    respiration[0, 1, 0] = 3.0
    biome = np.array([[2, 2, 0], [1, 1, 1], [1, 1, 1], [2, 2, 2]], dtype="int8")
    return xr.Dataset(
        {
            "diagnosed_cue": (("model", "rule", *cells), cue),
            "mean_passes": (("model", "rule", *cells), 1.0 / (1.0 - cue)),
            "soil_carbon": (("model", *cells), np.where(np.isfinite(uptake), 10_000.0, NAN)),
            "respiration": (("model", *cells), respiration),
            "reference_depth": (("model",), [0.2, 0.3]),
            "status": (
                ("model", *cells),
                status,
                {
                    "flag_values": np.arange(6, dtype="int8"),
                    "flag_meanings": "settled no_drivers infeasible extinct unstable unconverged",
                },
            ),
            "outside_scope": (
                cells,
                np.array([[3, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0]], dtype="int8"),
                {"flag_masks": np.array([1, 2], dtype="int8"), "flag_meanings": "permafrost wetland"},
            ),
            "biome": (
                cells,
                biome,
                {"flag_values": np.array([0, 1, 2, 9], dtype="int8"), "flag_meanings": "water wet_forest tundra none"},
            ),
            "land_area": (cells, AREA, {"units": "m2"}),
            "clay": (cells, century),
            "pH": (cells, np.full((4, 3), 7.0)),
        },
        coords={
            "model": ["century", "mimics"],
            "rule": ["uptake", "gross"],
            "lat": LATITUDES,
            "lon": LONGITUDES,
        },
    )


@pytest.fixture
def atlas() -> xr.Dataset:
    return small_atlas()


def test_statistics_weight_with_area_and_skip_cells_without_value_or_land():
    found = summary.area_statistics([1.0, 2.0, NAN, 9.0], [3.0, 1.0, 5.0, 0.0])
    assert (found.cells, found.area, found.total) == (2, 4.0, 5.0)
    assert found.mean == pytest.approx(1.25)
    assert found.standard_deviation == pytest.approx(math.sqrt((3 * 0.25**2 + 0.75**2) / 4))
    assert (found.quantile_05, found.median, found.quantile_75, found.quantile_95) == (1.0, 1.0, 1.0, 2.0)


def test_statistics_of_nothing_are_nan():
    found = summary.area_statistics([NAN, NAN], [1.0, 1.0])
    assert (found.cells, found.area) == (0, 0.0)
    assert math.isnan(found.mean)
    assert math.isnan(found.total)


@given(
    hnp.arrays(float, 12, elements=st.floats(-1e3, 1e3, width=32)),
    hnp.arrays(float, 12, elements=st.integers(1, 5).map(float)),
)
def test_a_cell_of_twice_the_area_counts_as_two_cells(values, area):
    weighted = summary.area_statistics(values, area)
    repeated = np.repeat(values, area.astype(int))
    plain = summary.area_statistics(repeated, np.ones(repeated.size))
    assert weighted.mean == pytest.approx(plain.mean, abs=1e-9)
    assert weighted.standard_deviation == pytest.approx(plain.standard_deviation, abs=1e-6)
    assert (weighted.quantile_05, weighted.median, weighted.quantile_95) == (
        plain.quantile_05,
        plain.median,
        plain.quantile_95,
    )


def test_groups_are_globe_zones_and_the_biomes_that_occur(atlas):
    groups = summary.cell_groups(atlas)
    assert [(g.kind, g.name) for g in groups] == [
        ("globe", "globe"),
        ("zone", "tropical"),
        ("zone", "temperate"),
        ("zone", "boreal and polar"),
        ("biome", "water"),
        ("biome", "wet forest"),
        ("biome", "tundra"),
    ]
    zones = [g.cells for g in groups if g.kind == "zone"]
    assert int(sum(z.astype(int) for z in zones).min()) == 1
    assert int(sum(z.astype(int) for z in zones).max()) == 1


def test_every_latitude_lies_in_one_zone():
    latitudes = np.array([-90.0, -50.0, -23.5, 0.0, 23.499, 23.5, 49.99, 50.0, 90.0])
    names = [[z.name for z in summary.ZONES if z.lowest <= abs(at) < z.highest] for at in latitudes]
    polar, temperate, tropical = ["boreal and polar"], ["temperate"], ["tropical"]
    assert names == [polar, polar, temperate, tropical, tropical, temperate, temperate, polar, polar]


def test_flags_without_meanings_are_refused():
    with pytest.raises(InputError, match="'biome' must have as many flag_meanings"):
        summary.flags(xr.DataArray([1], name="biome", attrs={"flag_values": [1, 2], "flag_meanings": "one"}))


def test_table_holds_means_and_totals_of_each_group(atlas):
    table = summary.statistics_table(atlas).set_index(["quantity", "model", "rule", "group"]).sort_index()
    forest = table.loc[("diagnosed_cue", "century", "uptake", "wet forest")]
    by_hand = (4 * 0.40 + 2 * 0.42 + 2 * 0.44 + 3 * 0.40 + 0.41 + 0.43) / 13
    assert forest["mean"] == pytest.approx(by_hand)
    assert forest["cells"] == 6
    assert math.isnan(forest["total_petagrams"])
    carbon = table.loc[("soil_carbon", "mimics", "", "globe")]
    assert carbon["total_petagrams"] == pytest.approx(10_000 * 17e12 / 1e15)
    flux = table.loc[("respiration", "century", "", "globe")]
    assert flux["total_petagrams"] == pytest.approx((19e12 + 2 * 4e12) * 365 / 1e15)
    assert table.loc[("diagnosed_cue", "mimics", "gross", "water"), "cells"] == 0


def test_flux_weighted_cue_gives_productive_cells_more_weight(atlas):
    table = summary.flux_weighted_cue(atlas).set_index(["model", "rule", "group"])
    cue = atlas["diagnosed_cue"].sel(model="century", rule="uptake").values
    respired = atlas["respiration"].sel(model="century").values * AREA
    by_hand = 1 - np.nansum(respired) / np.nansum(respired / (1 - cue))
    assert table.loc[("century", "uptake", "globe"), "cue"] == pytest.approx(by_hand)
    assert math.isnan(table.loc[("century", "uptake", "water"), "cue"])


def test_correlations_agree_with_scipy_for_equal_weights():
    random = np.random.default_rng(3)
    a = random.normal(size=60).round(1)
    b = a + random.normal(size=60).round(1)
    assert summary.pearson(a, b, np.ones(60)) == pytest.approx(stats.pearsonr(a, b).statistic, rel=1e-12)
    assert summary.spearman(a, b, np.ones(60)) == pytest.approx(stats.spearmanr(a, b).statistic, rel=1e-12)


@given(
    hnp.arrays(float, 15, elements=st.integers(-20, 20).map(float)),
    hnp.arrays(float, 15, elements=st.integers(-20, 20).map(float)),
    hnp.arrays(float, 15, elements=st.integers(1, 4).map(float)),
)
def test_weighted_correlations_are_those_of_repeated_cells(a, b, weight):
    times = weight.astype(int)
    many = [np.repeat(x, times) for x in (a, b)]
    for coefficient in (summary.pearson, summary.spearman):
        weighted = coefficient(a, b, weight)
        assert weighted == pytest.approx(coefficient(*many, np.ones(times.sum())), abs=1e-9, nan_ok=True)
        assert math.isnan(weighted) or abs(weighted) <= 1 + 1e-12


def test_rank_correlation_does_not_depend_on_the_scale():
    a = np.arange(1.0, 21.0)
    weight = np.linspace(1.0, 3.0, 20)
    assert summary.spearman(a, np.exp(a), weight) == pytest.approx(1.0)
    assert summary.pearson(a, np.exp(a), weight) < 0.8


def test_rounding_of_a_solver_is_no_variation():
    flat = 0.55 + 1e-12 * np.random.default_rng(0).normal(size=30)
    assert math.isnan(summary.pearson(flat, np.arange(30.0), np.ones(30)))
    assert math.isnan(summary.spearman(flat, np.arange(30.0), np.ones(30)))


def test_models_are_compared_overall_and_within_groups(atlas):
    table = summary.cue_correlation(atlas, "mimics", "century", "uptake").set_index("group")
    assert table.loc["globe", "cells"] == 10
    assert table.loc["globe", "pearson"] == pytest.approx(1.0)
    assert table.loc["globe", "mean_difference"] == pytest.approx(0.2)
    assert table.loc["globe", "share_higher"] == pytest.approx(1.0)
    assert table.loc["tundra", "note"] == "too few cells"
    assert math.isnan(table.loc["tundra", "pearson"])
    assert table.loc["water", "cells"] == 0


def test_a_map_of_one_value_has_no_correlation(atlas):
    atlas["diagnosed_cue"].loc[{"model": "mimics"}] = 0.55
    table = summary.cue_correlation(atlas).set_index("group")
    assert table.loc["globe", "note"] == "no variation"


def test_distribution_shares_are_of_area_and_sum_to_one(atlas):
    table = summary.cue_distributions(atlas, "uptake", width=0.125)
    assert table.groupby("model")["share"].sum().to_numpy() == pytest.approx([1.0, 1.0])
    century = table[table["model"] == "century"].set_index("left")["share"]
    assert century.index.tolist() == [0.25, 0.375, 0.5, 0.625]
    assert century.tolist() == pytest.approx([6 / 19, 13 / 19, 0.0, 0.0])


def test_distribution_of_nothing_is_empty(atlas):
    atlas["diagnosed_cue"][:] = NAN
    assert summary.cue_distributions(atlas).empty


def test_zonal_mean_weights_along_the_row(atlas):
    means = summary.zonal_means(atlas)
    assert means.dims == ("model", "lat")
    assert float(means.sel(model="century", lat=-20.0)) == pytest.approx((4 * 0.40 + 2 * 0.42 + 2 * 0.44) / 8)
    assert float(means.sel(model="mimics", lat=-20.0)) == pytest.approx((4 * 0.60 + 2 * 0.64) / 6)


def test_share_explained_sees_a_hump_and_not_a_stranger():
    random = np.random.default_rng(1)
    driver = random.uniform(-1, 1, 4_000)
    stranger = random.uniform(-1, 1, 4_000)
    area = random.uniform(0.5, 1.5, 4_000)
    hump = driver**2
    assert summary.share_explained(hump, driver, area) > 0.98
    assert summary.share_explained(hump, stranger, area) < 0.02
    assert summary.share_explained(hump + stranger, driver, area) == pytest.approx(
        np.var(hump) / (np.var(hump) + np.var(stranger)), abs=0.05
    )


def test_share_explained_takes_classes_as_they_are():
    values = np.array([1.0, 1.0, 2.0, 2.0] * 10)
    classes = np.array([3, 3, 7, 7] * 10)
    assert summary.share_explained(values, classes, np.ones(40)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("values", "driver"),
    [
        (np.arange(30.0), np.full(30, 7.0)),
        (np.full(30, 0.5), np.repeat([1.0, 2.0], 15)),
        (np.arange(30.0), np.arange(30.0)),
    ],
    ids=["driver constant", "map constant", "too few cells a bin"],
)
def test_share_explained_is_not_given_where_it_means_nothing(values, driver):
    assert math.isnan(summary.share_explained(values, driver, np.ones(30)))


def test_drivers_present_are_listed_and_constant_ones_named(atlas):
    table = summary.explained_by_drivers(atlas)
    assert set(table["driver"]) == {"clay", "pH", "biome"}
    assert set(table.loc[table["driver"] == "pH", "note"]) == {"constant"}
    assert len(table) == 2 * 2 * 3


def test_status_counts_name_every_flag(atlas):
    table = summary.status_counts(atlas).set_index(["model", "status"])
    assert table.loc[("mimics", "settled"), "cells"] == 10
    assert table.loc[("mimics", "unstable"), "cells"] == 1
    assert table.loc[("mimics", "unstable"), "share"] == pytest.approx(2 / 19)
    assert table.loc[("century", "no drivers"), "cells"] == 1
    assert math.isnan(table.loc[("century", "no drivers"), "share"])
    assert int(table["cells"].sum()) == 24


def test_remarks_are_the_named_lines_of_a_comment():
    variable = xr.DataArray(0, attrs={"comment": "no_drivers: sea, or ice: both\nfree words\nsettled: well"})
    assert summary.remarks(variable) == {"no drivers": "sea, or ice: both", "settled": "well"}
    assert summary.remarks(xr.DataArray(0)) == {}


def test_limits_are_counted_model_by_model(atlas):
    assert summary.limit_counts(atlas).empty
    crossed = np.zeros((2, 4, 3), dtype="int16")
    crossed[1, 0, 0], crossed[1, 1, 0] = 1, 3
    comment = "century bit 0: dry\nmimics bit 0: wet\nmimics bit 1: hot\nabsent bit 0: cold\nsome: words"
    atlas["crossed_limits"] = (("model", "lat", "lon"), crossed, {"comment": comment})
    assert summary.limit_counts(atlas).to_numpy().tolist() == [
        ["century", "dry", 0, 0.0],
        ["mimics", "wet", 2, 5e12],
        ["mimics", "hot", 1, 4e12],
    ]


def test_vegetated_area_is_the_weight_where_it_is_known(atlas):
    assert summary.weights(atlas).name == "land_area"
    atlas["vegetated_area"] = atlas["land_area"] * 0.5
    table = summary.statistics_table(atlas).set_index(["quantity", "model", "rule", "group"]).sort_index()
    assert table.loc[("soil_carbon", "mimics", "", "globe"), "total_petagrams"] == pytest.approx(10_000 * 8.5e12 / 1e15)


def test_scope_counts_a_cell_with_two_reasons_once_in_any(atlas):
    table = summary.scope_counts(atlas).set_index("reason")
    assert table["cells"].to_dict() == {"permafrost": 2, "wetland": 1, "any": 2}
    assert table.loc["any", "share"] == pytest.approx(2 / 19)


def profiles(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["profile", "latitude", "longitude", "carbon_stock"])


def test_profiles_of_one_cell_are_summed_up_by_their_median(atlas):
    found = summary.compare_with_profiles(
        atlas,
        "mimics",
        profiles(
            ("a", 21.0, 1.0, 5_000.0),
            ("b", 19.0, -30.0, 20_000.0),
            ("c", 39.9, 59.9, 4_000.0),
            ("d", -70.0, -170.0, 20_000.0),
            ("ocean", -60.0, 120.0, 1_000.0),
            ("unstable", -20.0, 0.0, 1_000.0),
        ),
    )
    points = found.points.set_index(["latitude", "longitude"])
    assert points.loc[(20.0, 0.0), "observed"] == 5_000.0
    assert points.loc[(20.0, 0.0), "profiles"] == 3
    assert bool(points.loc[(-60.0, -120.0), "outside_scope"])
    assert found.left_out == 2
    scores = found.scores.set_index("compared")
    assert scores.loc["all cells", "cells"] == 2
    assert scores.loc["all cells", "median_log_ratio"] == pytest.approx((math.log(2.0) + math.log(0.5)) / 2)
    assert scores.loc["inside scope", "ratio"] == pytest.approx(2.0)
    assert scores.loc["inside scope", "within_factor_two"] == 1.0
    assert scores.loc["all cells", "depth"] == pytest.approx(0.3)
    assert scores.loc["all cells", "note"] == "too few cells"


def test_profiles_are_also_compared_without_litter_pools_where_there_are_any(atlas):
    rows = profiles(("a", 20.0, 0.0, 5_000.0))
    litter = xr.zeros_like(atlas["soil_carbon"])
    litter.loc[{"model": "mimics"}] = 2_500.0
    atlas["litter_carbon"] = litter
    mimics, century = (summary.compare_with_profiles(atlas, name, rows).scores for name in ("mimics", "century"))
    assert mimics.set_index("compared")["ratio"].to_dict() == {
        "all cells": pytest.approx(2.0),
        "inside scope": pytest.approx(2.0),
        "inside scope, without litter": pytest.approx(1.5),
    }
    assert century["compared"].tolist() == ["all cells", "inside scope"]


def test_profiles_wrap_around_the_date_line_and_reach_the_pole(atlas):
    eastern = summary.compare_with_profiles(atlas, "century", profiles(("a", 80.0, 180.0, 1.0)))
    western = summary.compare_with_profiles(atlas, "century", profiles(("a", 80.0, -180.0, 1.0)))
    assert eastern.points["longitude"].item() == western.points["longitude"].item() == -120.0
    beyond = summary.compare_with_profiles(atlas, "century", profiles(("a", 89.0, 0.0, 1.0), ("b", NAN, 0.0, 1.0)))
    assert beyond.left_out == 2


def test_grid_may_run_from_north_to_south(atlas):
    north_up = atlas.isel(lat=slice(None, None, -1))
    rows = profiles(("a", 20.0, 0.0, 5_000.0), ("b", 60.0, 120.0, 9_000.0), ("c", -20.0, -120.0, 9_000.0))
    one, other = (summary.compare_with_profiles(a, "century", rows).points for a in (atlas, north_up))
    order = ["latitude", "longitude"]
    pd.testing.assert_frame_equal(
        one.sort_values(order, ignore_index=True), other.sort_values(order, ignore_index=True)
    )


def test_profiles_in_the_sea_alone_leave_scores_without_numbers(atlas):
    found = summary.compare_with_profiles(atlas, "century", profiles(("ocean", -60.0, 120.0, 1_000.0)))
    assert found.points.empty
    assert found.scores["cells"].tolist() == [0, 0]
    assert found.scores["ratio"].isna().all()


@pytest.mark.parametrize("stock", [0.0, -3.0, NAN, math.inf])
def test_impossible_stock_is_refused_by_name(atlas, stock):
    with pytest.raises(InputError, match="observed profile 'bad' has the carbon stock"):
        summary.compare_with_profiles(atlas, "century", profiles(("good", 0.0, 0.0, 1.0), ("bad", 0.0, 0.0, stock)))


def test_table_of_profiles_without_a_column_is_refused(atlas):
    with pytest.raises(InputError, match="lacks the columns carbon_stock"):
        summary.compare_with_profiles(atlas, "century", profiles().drop(columns="carbon_stock"))
