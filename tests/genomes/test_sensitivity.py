"""Verdicts of the audit can be reached again from the tables, and move as the limits move."""

from dataclasses import fields

import pytest
import toy_genome

from soilcue.genomes.efficiency import LIMITS, Limits
from soilcue.genomes.panel import examine_panel
from soilcue.genomes.sensitivity import ALTERNATIVES, alternatives, sensitivity


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    """Sound toys, one that leaks 0.5 % of its carbon, and one that makes energy from nothing."""
    place = tmp_path_factory.mktemp("models")
    for number in range(3):
        model = toy_genome.toy(cost=10.0 + 5 * number, name=f"sound{number}")
        (place / f"sound{number}.json").write_bytes(toy_genome.as_json(model))
    leak = toy_genome.toy(name="leak")
    burn = next(one for one in leak["reactions"] if one["id"] == "BURN")
    burn["metabolites"]["co2_c"] = 5.9
    (place / "leak.json").write_bytes(toy_genome.as_json(leak))
    free = toy_genome.toy(name="free")
    free["reactions"].append(
        {
            "id": "FREE",
            "name": "",
            "metabolites": {"adp_c": -1, "pi_c": -1, "h_c": -1, "atp_c": 1, "h2o_c": 1},
            "lower_bound": 0,
            "upper_bound": 1e-3,
        }
    )
    (place / "free.json").write_bytes(toy_genome.as_json(free))
    return examine_panel(place, "glucose", maintenance=["none"])


def test_limits_as_set_give_the_verdicts_of_the_panel(panel):
    table = sensitivity(panel).set_index(["limit", "side"])
    trusted = panel.yields[panel.yields["trusted"]]
    assert table.loc[("as set", ""), "trusted"] == len(trusted) == 3
    assert table.loc[("as set", ""), "mean_cue"] == pytest.approx(trusted["cue_biomass"].mean())
    assert table.loc[("as set", ""), "changed"] == ""


def test_what_fails_by_one_limit_passes_when_that_is_looser(panel):
    table = sensitivity(panel).set_index(["limit", "side"])
    assert table.loc[("carbon_gap", "looser"), ["gained", "lost", "changed"]].tolist() == [1, 0, "leak (1)"]
    assert table.loc[("energy", "looser"), ["gained", "lost", "changed"]].tolist() == [1, 0, "free (1)"]
    assert table.loc[("all together", "looser"), "trusted"] == 5
    assert (table.xs("stricter", level="side")["gained"] == 0).all()
    assert (table.xs("looser", level="side")["lost"] == 0).all()


def test_every_limit_is_moved_to_either_side():
    assert set(ALTERNATIVES) == {one.name for one in fields(Limits)}
    for name, (stricter, looser) in ALTERNATIVES.items():
        now = getattr(LIMITS, name)
        assert stricter < now < looser or stricter > now > looser, name
    assert len(alternatives()) == 3 + 2 * len(ALTERNATIVES)
