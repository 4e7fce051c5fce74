"""From a panel of genomes to soils: classes are averaged over genomes, and the soil's CUE is theirs."""

import numpy as np
import pytest
import toy_genome
import xarray as xr
from command import soilcue

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.core.files import read_netcdf
from soilcue.genomes.globe import class_means, to_globe
from soilcue.genomes.panel import examine_panel
from soilcue.report.genomes_globe_page import genomes_globe_page
from soilcue.schemes.genomes_panel import cue_by_class, substrates_of_pools


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    place = tmp_path_factory.mktemp("models")
    for number, cost in enumerate((10.0, 20.0, 40.0)):
        (place / f"toy{number}.json").write_bytes(toy_genome.as_json(toy_genome.toy(cost=cost, name=f"toy{number}")))
    return examine_panel(place, "glucose,acetate", maintenance=["shipped", "none"])


def test_means_are_over_genomes_on_log_odds(panel):
    table = class_means(panel, "none").set_index("substrate_class")
    cue = np.array([toy_genome.cue_by_hand(cost, 0.0) for cost in (10.0, 20.0, 40.0)])
    odds = np.log(cue / (1 - cue))
    assert table.loc["sugar", "mean_log_odds"] == pytest.approx(odds.mean())
    assert table.loc["sugar", "spread_log_odds"] == pytest.approx(odds.std(ddof=1))
    assert table.loc["sugar", ["genomes", "substrates"]].tolist() == [3, 1]


def test_the_spread_over_genomes_reaches_the_soil_and_its_page(panel, tmp_path):
    drivers = sc.drivers("global").isel(lat=slice(24, 26), lon=slice(48, 52))
    found = to_globe(panel, ["millennial"], drivers)
    assert found.attrs["classes_of_this_panel"] == "sugar (3 genomes)"
    assert "amino acid" in found.attrs["classes_of_the_package"]
    assert found["cue"].values.tolist() == ["published", "low", "mean", "high"]
    settled = (found["status"] == 0).all("cue").isel(model=0)
    assert settled.any()
    cue = found["diagnosed_cue"].isel(model=0).where(settled, drop=True)
    assert (cue.sel(cue="low") < cue.sel(cue="mean")).any()
    assert (cue.sel(cue="mean") < cue.sel(cue="high")).any()
    # all uptake of this model is of dissolved carbon: its diagnosed CUE is that of the mixture
    classes = {**cue_by_class("none"), "sugar": class_means(panel, "none").set_index("substrate_class").loc[
        "sugar", ["mean_log_odds", "spread_log_odds"]].tolist()}  # fmt: skip
    expected = sum(
        share / (1 + np.exp(-classes[name][0])) for name, share in substrates_of_pools()["dissolved"].items()
    )
    xr.testing.assert_allclose(
        cue.sel(cue="mean"), xr.full_like(cue.sel(cue="mean"), expected).where(settled), rtol=1e-8
    )

    text = genomes_globe_page(found, tmp_path / "globe.html").read_text()
    assert "sugar (3 genomes)" in text
    assert "one standard deviation over genomes below to one above, carbon changes by" in text
    for figure in ("spread-millennial", "cue-millennial", "carbon-millennial"):
        assert f'data-figure="{figure}"' in text


def test_maintenance_that_cannot_be_compared_is_refused(panel):
    with pytest.raises(InputError, match="soils take 'none' or 'normalised'"):
        to_globe(panel, maintenance="shipped")


def test_the_command_writes_map_and_page_and_refuses_before_it_works(tmp_path):
    for wrong, said in ((("--globe", "centry"), "Did you mean 'century'"),
                        (("--globe", "century", "--maintenance", "shipped"), "name one of the two")):  # fmt: skip
        ended = soilcue("genomes", "--substrates", "three", "--folder", tmp_path, *wrong)
        assert (ended.code, said in ended.err) == (2, True), ended.err
        assert list(tmp_path.iterdir()) == []
    models = tmp_path / "models"
    models.mkdir()
    for number, cost in enumerate((10.0, 20.0)):
        (models / f"{number}.json").write_bytes(toy_genome.as_json(toy_genome.toy(cost=cost, name=f"toy{number}")))
    options = ("--substrates", "glucose", "--maintenance", "none", "--processes", 1, "--globe", "century")
    ended = soilcue("genomes", models, "--folder", tmp_path, *options)
    assert ended.code == 0, ended.err
    found = read_netcdf(tmp_path / "genomes_globe.nc")
    cue = found["diagnosed_cue"].sel(model="century").mean(["lat", "lon"])
    assert float(cue.sel(cue="low")) < float(cue.sel(cue="mean")) < float(cue.sel(cue="high"))
    assert found.attrs["classes_of_this_panel"] == "sugar (2 genomes)"
    assert "CENTURY" in (tmp_path / "genomes_globe.html").read_text()
