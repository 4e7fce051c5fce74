"""How sure an atlas is: published sets and drawn parameters on the same cells."""

import numpy as np
import pytest
import xarray as xr

import soilcue as sc
from soilcue.atlas.run import build_atlas, observed_at_depths
from soilcue.atlas.uncertainty import with_draws, with_published_sets
from soilcue.core.block_store import BlockStore
from soilcue.core.errors import InputError
from soilcue.report.atlas_figures import ranges
from soilcue.report.atlas_page import atlas_page

SEASON = "annual-mean"


@pytest.fixture(scope="module")
def drivers() -> xr.Dataset:
    """A corner of the embedded grid that holds land and ocean."""
    return sc.drivers().isel(lat=slice(30, 40), lon=slice(70, 82))


@pytest.fixture(scope="module")
def models() -> list:
    return [sc.model("century"), sc.model("millennial")]


@pytest.fixture(scope="module")
def plain(drivers, models) -> xr.Dataset:
    return build_atlas(drivers, models, season=SEASON)


@pytest.fixture(scope="module")
def with_sets(plain, drivers, models) -> xr.Dataset:
    told: list[tuple[str, int, int]] = []
    whole = with_published_sets(plain, drivers, models, season=SEASON, progress=lambda *what: told.append(what))
    assert {name for name, _, _ in told} == {"millennial:fit-eca", "millennial:default"}
    return whole


@pytest.fixture(scope="module")
def drawn(plain, drivers, models) -> xr.Dataset:
    return with_draws(plain, drivers, models, 12, seed=3)


def test_an_atlas_in_one_go_takes_a_function_that_cannot_be_known_again(drivers):
    typed = {}
    exec("def f(cue):\n    return 0.9 * cue", {"__name__": "__main__"}, typed)
    atlas = build_atlas(drivers, [sc.model("century", cue=typed["f"])], season=SEASON)
    assert atlas.attrs["schemes"] == "century: function f"


def test_the_sets_of_the_atlas_come_as_they_are(plain, with_sets):
    for name in ("century:orchidee-cnp", "millennial:fit"):
        model = name.partition(":")[0]
        for variable in ("diagnosed_cue", "soil_carbon", "status"):
            np.testing.assert_array_equal(
                with_sets[f"{variable}_of_set"].sel(published_set=name), plain[variable].sel(model=model)
            )


def test_another_set_is_what_the_model_gives_with_it(drivers, with_sets):
    alone = sc.model("millennial", "default").steady_state(drivers, season=SEASON, eigenvalues=False)
    found = with_sets["soil_carbon_of_set"].sel(published_set="millennial:default")
    np.testing.assert_allclose(found, alone["soil_carbon"].transpose("lat", "lon"), rtol=1e-12)
    assert float(with_sets["set_depth"].sel(published_set="millennial:default")) == 1.0


def test_a_range_is_that_between_the_highest_and_the_lowest(with_sets):
    sets = with_sets["diagnosed_cue_of_set"]
    own = sets.sel(published_set=[str(n) for n in sets["published_set"].values if str(n).startswith("millennial")])
    width = ranges(with_sets)["sets"]
    np.testing.assert_allclose(width.sel(model="millennial"), own.max("published_set") - own.min("published_set"))
    assert np.isnan(width.sel(model="century")).all()  # one set has no range


def test_a_set_that_lacks_a_driver_is_left_out_with_the_reason(drivers):
    chosen = [sc.model("century-1987", "orchidee-classic")]
    atlas = build_atlas(drivers, chosen, season=SEASON)
    whole = with_published_sets(atlas, drivers, chosen, season=SEASON)
    assert whole.attrs["sets_left_out"].startswith("century-1987:parton1987")
    assert "potential_evapotranspiration" in whole.attrs["sets_left_out"]
    assert list(whole["published_set"].values) == ["century-1987:orchidee-classic"]


def test_draws_give_quantiles_in_order_where_most_settle(plain, drawn):
    low, middle, high = drawn["drawn_cue"].values
    known = np.isfinite(middle)
    assert known.any()
    assert (low[known] <= middle[known]).all()
    assert (middle[known] <= high[known]).all()
    assert (high - low)[known].max() > 0.01
    share = drawn["drawn_settled"]
    assert float(share.min()) >= 0
    assert float(share.max()) <= 1
    enough = (share >= 0.5).values
    np.testing.assert_array_equal(np.isfinite(drawn["drawn_soil_carbon"].isel(quantile=1).values), enough)
    assert not np.isfinite(share.where(plain["status"] == 1)).any()  # no drivers, no draws


def test_draws_follow_the_seed_and_narrow_with_the_spread(drivers, plain, models, drawn):
    one = [models[1]]
    alone = plain.sel(model=["millennial"])
    again = with_draws(alone, drivers, one, 12, seed=3)
    np.testing.assert_array_equal(
        again["drawn_cue"].sel(model="millennial"), drawn["drawn_cue"].sel(model="millennial")
    )
    narrow = with_draws(alone, drivers, one, 12, seed=3, spread=0.001)["drawn_cue"]
    assert float((narrow[-1] - narrow[0]).max()) < 0.01


@pytest.mark.parametrize(("draws", "spread"), [(0, 0.1), (5, 0.0), (5, -1.0)])
def test_draws_that_cannot_be(drivers, plain, models, draws, spread):
    with pytest.raises(InputError, match=r"draws|spread"):
        with_draws(plain, drivers, models, draws, spread=spread)


def test_an_atlas_in_blocks_is_that_of_one_go_and_goes_on_after_a_stop(
    drivers, models, plain, with_sets, drawn, tmp_path
):
    store, told = BlockStore(tmp_path / "parts"), []

    def stop_at_the_second_draws(name, cells, of):
        told.append(cells)
        if name == "millennial, drawn" and cells:
            raise KeyboardInterrupt

    def build(progress):
        how = {"progress": progress, "store": store, "block": 40}
        atlas = build_atlas(drivers, models, season=SEASON, **how)
        atlas = with_published_sets(atlas, drivers, models, season=SEASON, **how)
        return with_draws(atlas, drivers, models, 12, seed=3, **how)

    with pytest.raises(KeyboardInterrupt):
        build(stop_at_the_second_draws)
    before = {path: path.stat().st_mtime_ns for path in store.folder.rglob("*.nc")}
    assert len(before) == 3 * 4 + 3  # columns of cells of two models and two more sets; draws of the first model
    again: list[int] = []
    whole = build(lambda name, cells, of: again.append(cells))
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items())
    assert sum(again) >= sum(told)  # cells of stored blocks are told of too
    expected = with_sets.merge(drawn[["drawn_cue", "drawn_soil_carbon", "drawn_settled"]])
    assert set(expected.data_vars) == set(whole.data_vars)
    for name, values in expected.data_vars.items():
        np.testing.assert_array_equal(whole[name], values, err_msg=str(name))
        assert {k: str(v) for k, v in whole[name].attrs.items()} == {k: str(v) for k, v in values.attrs.items()}
    assert whole.attrs["assumptions"] == plain.attrs["assumptions"]
    store.remove()
    assert not store.folder.exists()


def test_the_page_shows_them(tmp_path, with_sets, drawn):
    whole = with_sets.merge(drawn[["drawn_cue", "drawn_soil_carbon", "drawn_settled"]])
    whole.attrs["draws"] = drawn.attrs["draws"]
    html = atlas_page(whole, observed_at_depths(whole), tmp_path / "atlas.html").read_text()
    assert "How sure the maps are" in html
    assert ", default<" in html
    assert "12 draws of all parameters" in html
    for name in ("range-sets-millennial", "range-draws-century", "range-draws-millennial"):
        assert f'data-figure="{name}"' in html
    assert 'data-figure="range-sets-century"' not in html


def test_the_page_of_a_model_with_one_set_says_so(tmp_path, with_sets):
    alone = with_sets.sel(model=["century"], published_set=["century:orchidee-cnp"])
    html = atlas_page(alone, None, tmp_path / "atlas.html").read_text()
    assert "How sure the maps are" in html
    assert "CENTURY, orchidee-cnp" in html
