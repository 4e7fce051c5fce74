"""AWB, CORPSE, MEND, SOMic and MIMICS-CN against the outputs of other people's code, steady and through time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import soilcue as sc
from soilcue.core.network import CO2
from soilcue.models.awb import AWB
from soilcue.soil_model import SoilModel
from soilcue.solve.steady import gains_and_losses

pytestmark = pytest.mark.shared

ALL_YEAR = np.ones(365)


@pytest.fixture(scope="module")
def table(shared_reference):
    return lambda name: pd.read_csv(shared_reference / "soil-models" / name)


def dataset(dim=None, **columns) -> xr.Dataset:
    """Drivers or stocks, (values, unit) each."""
    return xr.Dataset(
        {
            name: ((dim,) if np.ndim(values) else (), np.asarray(values, float), {"units": unit})
            for name, (values, unit) in columns.items()
        }
    )


# ---- AWB -----------------------------------------------------------------------------------------------------------

AWB_POOLS = {"organic_matter": "S", "dissolved": "D", "microbes": "B", "enzymes": "E"}


class AsInSoilR(AWB):
    """AWB as SoilR codes it: what enzymes break down and what is lost of them is respired, for two transfers to
    dissolved carbon are missing there."""

    def fluxes(self, stocks, environment):
        for flux in super().fluxes(stocks, environment):
            lost = flux.target == "dissolved" and flux.source in ("organic_matter", "enzymes")
            yield flux._replace(target=CO2) if lost else flux


def test_two_years_of_awb_as_soilr_has_it(table):
    peer = table("soilr_awb_default_2y.csv")
    drivers = dataset("day", temperature=(20.0 * ALL_YEAR, "degC"), carbon_input=(0.01 * 24 * 100, "gC m-2 d-1"))
    start = dataset(**{ours: (peer[theirs][0] * 100, "gC m-2") for ours, theirs in AWB_POOLS.items()})
    model = SoilModel(AsInSoilR("soilr"), "soilr")
    run = model.simulate(drivers, start, 2, method="rk4", steps=48, output="period")
    later = peer[peer["hour"] > 0]
    ours = run["stock_at_end"].sel(pool=list(AWB_POOLS)).values[later["hour"] // 24 - 1] / 100
    # lsoda at its default tolerances of 1e-6
    np.testing.assert_allclose(ours, later[list(AWB_POOLS.values())], rtol=1e-5)


# ---- CORPSE --------------------------------------------------------------------------------------------------------

CORPSE_POOLS = {
    "fast": "uFastC",
    "slow": "uSlowC",
    "necromass": "uNecroC",
    "microbes": "livingMicrobeC",
    "protected_fast": "pFastC",
    "protected_slow": "pSlowC",
    "protected_necromass": "pNecroC",
}
CORPSE_CODE = {"fast": "Ufast", "slow": "Uslow", "necromass": "Unecr", "microbes": "MB"} | {
    f"protected_{kind}": f"P{short}" for kind, short in (("fast", "fast"), ("slow", "slow"), ("necromass", "necr"))
}


def corpse_drivers(*, temperature, saturation, clay, carbon_input, above=1.0, dim=None) -> xr.Dataset:
    return dataset(
        dim,
        temperature=(temperature, "degC"),
        moisture=(0.54 * saturation, "m3 m-3"),
        porosity=(0.54, "m3 m-3"),
        clay=(clay, "%"),
        carbon_input=(carbon_input, "kgC m-2 yr-1"),
        above_ground_fraction=(above, "1"),
    )


@pytest.mark.parametrize("row", range(3))
def test_corpse_steady_states(table, row):
    peer = table("corpse_steady6.csv").iloc[row]
    carbon = peer["I_fast"] + peer["I_slow"]
    clay = 20 * peer["claymod"] ** (1 / 0.4833)
    drivers = corpse_drivers(temperature=peer["T"], saturation=peer["theta"], clay=clay, carbon_input=carbon)
    state = sc.model("corpse", {"leaf_to_slow": peer["I_slow"] / carbon}).steady_state(drivers, fluxes=True)
    for ours, theirs in CORPSE_POOLS.items():
        assert float(state[ours]) / 1000 == pytest.approx(peer[theirs], rel=1e-8)
    cue = sc.cue(state)["diagnosed_cue"]
    assert float(cue.sel(rule="uptake")) == pytest.approx(peer["CUE_uptake"], rel=1e-8)
    # their last CUE counts all of turnover, the respired part too; here that part is respiration alone
    maintenance = float(state["flux_rate"].sel(flux="microbes > co2 (maintenance)"))
    everything = float(state["gross_decomposition"].sel(rule="total")) + maintenance
    assert 1 - float(state["respiration"]) / everything == pytest.approx(peer["CUE_incl_turnover"], rel=1e-8)


def test_corpse_steady_state_of_the_evaluation_of_soil_models(table):
    """Ten degrees, moisture 0.25 of a porosity of 0.54, clay 20 %; 250 gC m-2 yr-1 above and 200 below ground."""
    peer = table("evalsoc_corpse_steady.csv").iloc[0]
    drivers = corpse_drivers(temperature=10.0, saturation=0.25 / 0.54, clay=20.0, carbon_input=0.45, above=250 / 450)
    state = sc.model("corpse").steady_state(drivers)
    for ours, theirs in CORPSE_CODE.items():
        assert float(state[ours]) == pytest.approx(peer[theirs], rel=1e-8)


def test_incubations_after_fire_with_corpse(table):
    """120 days without input: communities that differ in what a fire left of them and in how fast they eat."""
    peer = table("corpse_whitman_120d.csv")
    drivers = corpse_drivers(temperature=20.0 * ALL_YEAR, saturation=0.6, clay=20.0, carbon_input=0.0, dim="day")
    for community, fastest in (
        ("Fast-growing survivor", 10.0),
        ("Fire susceptible", 6.0),
        ("Post-fire rebounder", 18.0),
        ("Slow-growing survivor", 6.0),
    ):
        days = peer[peer["sim"] == community].reset_index(drop=True)
        start = dataset(**{ours: (1000 * days[theirs][0], "gC m-2") for ours, theirs in CORPSE_POOLS.items()})
        model = sc.model("corpse", {"decomposition": (fastest, 0.25, 4.5)})
        run = model.simulate(drivers, start, 1, method="rk4", steps=24, output="period")
        ours = run["stock_at_end"].sel(pool=list(CORPSE_POOLS)).values[:119] / 1000
        # odeint at its default tolerances of 1.5e-8
        np.testing.assert_allclose(ours, days[list(CORPSE_POOLS.values())][1:], rtol=1e-6)
        np.testing.assert_allclose(run["respiration"].cumsum("time")[:119] / 1000, days["CO2"][1:], rtol=3e-6)


# ---- MEND ----------------------------------------------------------------------------------------------------------

MEND_POOLS = {
    "particulate": "POM",
    "mineral_associated": "MOM",
    "adsorbed": "QOM",
    "microbes": "MB",
    "dissolved": "DOM",
    "particulate_enzymes": "EP",
    "mineral_enzymes": "EM",
}
# MEMC counts days, and has maintenance and death of 0.4 times its largest uptake of 3 per day: growth is nothing
AS_IN_MEMC = {
    "particulate_rate": 14 / 24,
    "mineral_rate": 0.25 / 24,
    "growth": 0.0,
    "maintenance": 0.4 * 3.0 / 24,
    "uptake_half": 0.25,
    "cue": 0.4,
    "particulate_enzyme_loss": 0.001 / 24,
    "mineral_enzyme_loss": 0.001 / 24,
    "sorption_capacity": 3.4,
    "adsorption": 0.006 / 24,
    "desorption": 0.001 / 24,
}


@pytest.mark.parametrize(("configuration", "exponent"), [("MEND", 1.0), ("BAMS", 1.0), ("MIMICS", 2.0)])
def test_a_year_of_memc(table, configuration, exponent):
    """Those of its six configurations that are MEND of 2013 with other numbers, or with crowding in death.

    The names are MEMC's, not those of the models they recall.
    """
    peer = table("memc_all_configs_365d.csv").query("config == @configuration").reset_index(drop=True)
    drivers = dataset("day", carbon_input=(0 * ALL_YEAR, "gC m-2 d-1"), bulk_density=(1000.0, "kg m-3"))
    start = dataset(**{ours: (300 * peer[theirs][0], "gC m-2") for ours, theirs in MEND_POOLS.items()})
    model = sc.model("mend", AS_IN_MEMC | {"mortality_exponent": exponent})
    run = model.simulate(drivers, start, 1, method="rk4", steps=24, output="period")
    later = peer["time"].to_numpy(int)[1:] - 1
    ours = run["stock_at_end"].sel(pool=list(MEND_POOLS)).values[later] / 300
    # lsoda at its default tolerances of 1e-6, relative and absolute
    np.testing.assert_allclose(ours, peer[list(MEND_POOLS.values())][1:], rtol=5e-6, atol=2e-6)
    np.testing.assert_allclose(run["respiration"].cumsum("time")[later] / 300, peer["IC"][1:], rtol=2e-6)
    uptake, respired = run["community_uptake"], run["community_respiration"]
    np.testing.assert_allclose(1 - respired / uptake, 0.4, rtol=1e-12)


def test_microbes_of_memc_cannot_live_on_any_input():
    """Its defaults let growth only just make up for death on endless dissolved carbon: there is no steady state."""
    drivers = dataset(carbon_input=(1.0, "gC m-2 d-1"), bulk_density=(1000.0, "kg m-3"))
    state = sc.model("mend", AS_IN_MEMC).steady_state(drivers, fluxes=True)
    assert int(state["status"]) == 2


# ---- SOMic ---------------------------------------------------------------------------------------------------------

SOMIC_POOLS = {
    "soluble": "spm",
    "insoluble": "ipm",
    "dissolved": "doc",
    "microbes": "mb",
    "mineral_associated": "mac",
}


def moisture_response(months: pd.DataFrame, driest: float) -> np.ndarray:
    """SOMic's response to the deficit of water (mm) that accumulates where it rains less than evaporates."""
    deficit, response = 0.0, []
    for i, month in enumerate(months.itertuples()):
        excess = month.precip - month.pet
        if i and month.cover:
            deficit = min(max(deficit + excess, driest), 0.0)
        elif i:
            deficit = min(deficit + max(excess, 0.0), 0.0) if deficit < driest / 1.8 else 0.0
        wet = deficit > 0.444 * driest
        response.append(1.0 if wet else 0.2 + 0.8 * (driest - deficit) / (0.556 * driest))
    return np.array(response)


@pytest.mark.parametrize("experiment", ["bb21", "expt_sanborn_cmf"])
def test_sixty_years_of_somic_month_by_month(table, experiment):
    """Broadbalk and Sanborn Field, with the public code's own months of equal length and explicit steps.

    Cover and share of soluble matter change with the month, and manure brings carbon that is on minerals already;
    the code's response to temperature is 1 at another point than the paper's.
    """
    months = table("somic_demo_inputs_2sites_first720months.csv").query("exp == @experiment").reset_index(drop=True)
    site = table("somic_exp_const.csv").set_index("exp").loc[experiment]
    added = months["added.spm"] + months["added.ipm"]
    wet = moisture_response(months, site["max_tsmd"])
    network = sc.model("somic", {"temperature_scale": 4.992938351887521}).network
    drivers = {
        "temperature": months["temp"],
        "moisture": 0.556 * (wet - 0.2) / 0.8,
        "porosity": np.ones(720),
        "clay": np.full(720, site["clay"] / 100),
        "carbon_input": 12 * added,
    }
    changing = {
        "cover": months["c"],
        "input_to_soluble": np.where(added > 0, months["added.spm"] / added.where(added > 0, 1), 0.5),
    }
    manure = np.zeros((720, 5))
    manure[:, list(SOMIC_POOLS).index("mineral_associated")] = months["added.mac"]

    def month(stocks, now):
        drivers, changing, manure = now
        here = eqx.tree_at(lambda n: [n.parameters[name] for name in changing], network, list(changing.values()))
        gain, loss = map(jnp.stack, gains_and_losses(here, stocks, here.environment(drivers)))
        return stocks + (gain - loss) / 12 + manure[:, None], stocks[:, 0]

    start = months[list(SOMIC_POOLS.values())].iloc[0].to_numpy(float)[:, None]
    given = jax.tree.map(lambda values: jnp.asarray(values, float), (drivers, changing, manure))
    _, ours = jax.jit(lambda start, given: jax.lax.scan(month, start, given))(start, given)
    np.testing.assert_allclose(ours, months[list(SOMIC_POOLS.values())], rtol=1e-9)


# ---- MIMICS-CN -----------------------------------------------------------------------------------------------------

MIMICS_CN_POOLS = {
    "litter_metabolic": "LIT_1",
    "litter_structural": "LIT_2",
    "microbes_r": "MIC_1",
    "microbes_k": "MIC_2",
    "som_physical": "SOM_1",
    "som_chemical": "SOM_2",
    "som_available": "SOM_3",
}


def test_mimics_cn_steady_states(table):
    """Three soils of the evaluation of soil models: one short of nothing, two whose r-strategists lack nitrogen."""
    peer = table("evalsoc_mimicsCN14C_steady.csv")
    drivers = dataset(
        "site",
        temperature=(peer["T"], "degC"),
        clay=(peer["clay_pct"], "%"),
        carbon_input=(peer["NPP"], "gC m-2 yr-1"),
        metabolic_fraction=(0.85 - 0.013 * (peer["lignin_pct"] / 100) / (0.4 / peer["CN"]), "1"),
        litter_carbon_to_nitrogen=(peer["CN"], "1"),
    )
    state = sc.model("mimics-cn").steady_state(drivers, fluxes=True)
    assert (state["status"] == 0).all()
    for ours, theirs in MIMICS_CN_POOLS.items():
        np.testing.assert_allclose(state[ours] / 300, peer[theirs], rtol=1e-8, err_msg=ours)
        # they stop at 1e-13 mg cm-3 h-1, a millionth of what flows through a pool of nitrogen
        np.testing.assert_allclose(state[f"{ours}_nitrogen"] / 300, peer[f"{theirs}_N"], rtol=1e-6, err_msg=ours)
    np.testing.assert_allclose(state["mineral_nitrogen"] / 300, peer["DIN"], rtol=1e-10)


# ---- MEND with dormancy --------------------------------------------------------------------------------------------

MEND_RATES = {
    "VP1": "breakdown oxidised",
    "VP2": "breakdown hydrolysed",
    "VM": "breakdown mineral_associated",
    "KP1": "half oxidised",
    "KP2": "half hydrolysed",
    "KM": "half mineral_associated",
    "Kdes": "desorbing",
    "Kads": "adsorbing",
    "Vg": "growing",
    "Vm": "maintaining",
    "KD": "uptake_half",
    "Yg": "cue",
    "rMORT": "dying",
    "Vm_dorm": "maintaining_dormant",
    "VmA2D": "falling_dormant",
    "VmD2A": "waking",
}
MEND_NEW_POOLS = {
    "oxidised": "POMO_C",
    "hydrolysed": "POMH_C",
    "mineral_associated": "MOM_C",
    "adsorbed": "QOM_C",
    "dissolved": "DOM_C",
    "active_microbes": "MBA_C",
    "dormant_microbes": "MBD_C",
    "oxidised_enzymes": "ENZP1_C",
    "hydrolysed_enzymes": "ENZP2_C",
    "mineral_associated_enzymes": "ENZM_C",
}


@pytest.fixture(scope="module")
def grassland(shared_reference):
    """The site aCaN: dates, what MEND's public code wrote, and the environment of each day here."""
    folder = shared_reference / "soil-models" / "mend_aCaN"
    written = {
        name: pd.read_csv(folder / f"aCaN_{name}.out", sep=r"\s+", skiprows=1)
        for name in ("PAR_year", "VAR_mon", "FLX_mon")
    }
    dates = pd.date_range("1998-01-01", "2009-08-31")

    def daily(name):
        return np.loadtxt(folder / name, skiprows=2)[: len(dates)]

    # water retention of van Genuchten for a sandy loam, as in the code's namelist; 1 cm of water is 98e-6 MPa
    water = np.clip(daily("SWC_day.dat") / 100, 0.067 * 1.01, None)
    wet = np.minimum((water - 0.067) / (0.37 - 0.067), 1.0)
    tension = (wet ** (-1 / (1 - 1 / 1.61)) - 1) ** (1 / 1.61) / 0.021 * 98e-6
    acidity = pd.read_csv(folder / "SPH_mon.dat", sep=r"\s+").set_index(["year", "month"])["aCaN"]
    network = sc.model("mend-dormancy").network
    environment = network.environment(
        {
            "temperature": daily("STP_day.dat"),
            "water_potential": -tension,
            "pH": np.array([acidity[date.year, date.month] for date in dates]),
            # of production, mgC cm-2 d-1, three tenths reach a metre of soil
            "carbon_input": 0.3 * daily("SIN_day.dat") / 24 / 100,
        }
    )
    return dates, written, {name: np.broadcast_to(v, len(dates)) for name, v in environment.items()}, network


@pytest.mark.parametrize("rate", MEND_RATES)
def test_responses_of_mend_at_a_grassland(grassland, rate):
    """Yearly means of every rate under daily weather, to the six digits that are written."""
    dates, written, environment, _ = grassland
    years = written["PAR_year"]
    ours = [environment[MEND_RATES[rate]][dates.year == year].mean() for year in years["Year"]]
    np.testing.assert_allclose(ours, years[rate], rtol=5e-6)


def hour_of_the_public_code(network, pools, e):
    """An explicit hour with the public code's limits: no flux takes more than its pool holds, each by itself."""
    fluxes = list(network.fluxes(pools, e))
    at_hand = pools["dissolved"]
    eating = [f for f in fluxes if f.source == "dissolved" and "active_microbes" in (f.target, f.through)]
    uptake = jnp.minimum(sum(f.rate for f in eating), at_hand)
    respired = sum(jnp.minimum(f.rate, at_hand) for f in eating if f.through)
    change = dict.fromkeys(pools, 0.0) | {"dissolved": -uptake, "active_microbes": uptake - respired}
    for f in fluxes:
        if f in eating:
            continue
        rate = f.rate * (at_hand - uptake) / at_hand if f.process == "sorption" else f.rate  # of what uptake has left
        for pool, sign in ((f.source, -1), (f.target, 1)):
            if pool in change:
                change[pool] += sign * rate
    return {name: stock + change[name] for name, stock in pools.items()}


def test_years_of_mend_at_a_grassland_with_the_public_codes_hours(grassland):
    """In its hours respiration takes what uptake found; with them the rates here give what it wrote.

    What is left are nitrogen's enzymes, a few per cent of all enzymes, and which limit holds in a thaw.
    """
    dates, written, environment, network = grassland
    months = written["VAR_mon"]

    def day(pools, e):
        def hour(_, state):
            pools, mean = state
            pools = hour_of_the_public_code(network, pools, e)
            return pools, {name: mean[name] + pools[name] / 24 for name in pools}

        return jax.lax.fori_loop(0, 24, hour, (pools, dict.fromkeys(pools, 0.0)))

    start = {ours: jnp.asarray(float(months[theirs][0])) for ours, theirs in MEND_NEW_POOLS.items()}
    given = {name: jnp.asarray(values, float) for name, values in environment.items()}
    _, daily = jax.jit(lambda start, given: jax.lax.scan(day, start, given))(start, given)
    ours = pd.DataFrame(daily).groupby(np.asarray(pd.PeriodIndex(dates, freq="M"))).mean()
    for pool, column in MEND_NEW_POOLS.items():
        theirs = months[column][1:].to_numpy(float)
        # of the mean: the smallest months of dissolved carbon are rounding
        np.testing.assert_allclose(
            ours[pool], theirs, rtol=3e-3, atol=(0.03 if pool == "dissolved" else 3e-3) * theirs.mean(), err_msg=pool
        )
