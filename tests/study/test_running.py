"""Studies run: files, provenance, going on after a stop, one writer at a time, the page."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr
from command import soilcue
from small_study import written

import soilcue as sc
from soilcue.core.block_store import PARTS
from soilcue.core.errors import InputError
from soilcue.core.lock import NAME, only_writer
from soilcue.core.provenance import file_checksum
from soilcue.models import MODELS
from soilcue.report.study_page import study_page
from soilcue.study import plan_of, read_study, run_study, running
from soilcue.study.members import members_of
from soilcue.study.schema import Ensemble, Model

RUNS = ["century.today.nc", "century.control.nc", "century.warmer.nc"]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """What `soilcue run` says, and the folder with its results."""
    study = written(tmp_path_factory.mktemp("study"))
    return soilcue("run", study), study.with_name("study_results")


@pytest.fixture
def copy(done, study) -> Path:
    """The study beside a copy of the results."""
    shutil.copytree(done[1], study.with_name("study_results"))
    return study


def test_run_ends_with_counts_and_places(done):
    ended, folder = done
    assert ended.code == 0, ended.err
    assert ended.out.splitlines() == [
        "century.today: 2 cells settled, 0 flagged",
        "century.control: 2 cells settled, 0 flagged",
        "century.warmer: 2 cells settled, 0 flagged",
        f"page  {folder / 'study.html'}",
        f"data  {folder}",
    ]
    assert sorted(os.listdir(folder)) == sorted([*RUNS, "study.html"])


def test_results_are_those_of_the_model(done):
    plan = plan_of(read_study(done[1].with_name("study.yaml")))
    model = sc.model("century")
    state = model.steady_state(plan.drivers)
    today, control, warmer = (xr.load_dataset(done[1] / name) for name in RUNS)
    np.testing.assert_allclose(today["soil_carbon"], state["soil_carbon"], rtol=1e-12)
    np.testing.assert_allclose(control["soil_carbon"][-1], state["soil_carbon"], rtol=1e-9)
    np.testing.assert_allclose(control["diagnosed_cue"][:, -1], today["diagnosed_cue"], rtol=1e-9)
    hot = plan.drivers.assign(temperature=plan.drivers["temperature"] + 5)
    hot["temperature"].attrs["units"] = "degC"
    run = model.simulate(hot, start=state, years=3)
    np.testing.assert_allclose(warmer["soil_carbon"], run["soil_carbon"], rtol=1e-12)
    assert (warmer["soil_carbon"][-1] < control["soil_carbon"][-1]).all()
    np.testing.assert_allclose(warmer["soil_carbon_at_start"], state["soil_carbon"], rtol=1e-12)


@pytest.mark.parametrize("name", RUNS)
def test_every_file_says_where_it_comes_from(name, done):
    study = done[1].with_name("study.yaml")
    with xr.open_dataset(done[1] / name) as result:
        told = result.attrs
        for variable in result.data_vars.values():
            assert "units" in variable.attrs or "flag_meanings" in variable.attrs
    assert told["Conventions"] == "CF-1.10"
    assert told["study"] == study.read_text()
    assert told["inputs"] == f"sites.csv {file_checksum(study.with_name('sites.csv'))}"
    assert told["soilcue_version"] == sc.__version__
    assert "jax " in told["versions"]
    assert "metabolic_intercept = 0.85 1" in told["parameter_values"]
    assert soilcue("cite", done[1] / name).out.splitlines() == told["references"].splitlines()
    assert set(soilcue("cite", done[1] / "study.html").out.splitlines()) >= set(told["references"].splitlines())
    assert "2026" not in json.dumps({k: str(v) for k, v in told.items() if k not in ("versions", "references")})


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.suffix == ".nc"}


def test_what_is_finished_is_not_done_again(copy):
    folder = copy.with_name("study_results")
    before = stamps(folder)
    ended = soilcue("run", copy)
    assert ended.out.count("there already") == 3
    assert stamps(folder) == before
    plan = plan_of(read_study(copy))
    assert [one.kept for one in run_study(plan, folder)] == [True] * 3
    (folder / RUNS[1]).write_bytes(b"half a file")
    assert [one.kept for one in run_study(plan, folder)] == [True, False, True]


def test_only_what_changed_is_done_again_with_the_same_values(copy, done):
    copy.write_text(copy.read_text().replace("{add: 5}", "{add: 4}") + "note: a note changes nothing\n")
    folder = copy.with_name("study_results")
    assert [one.kept for one in run_study(read_study(copy), folder)] == [True, True, False]
    assert [one.kept for one in run_study(read_study(copy), folder, again=True)] == [False] * 3
    for name in RUNS[:2]:
        again, first = xr.load_dataset(folder / name), xr.load_dataset(done[1] / name)
        xr.testing.assert_equal(again, first)
        assert again.attrs["run_checksum"] == first.attrs["run_checksum"]


def test_file_that_changed_since_is_refused(copy):
    folder = copy.with_name("study_results")
    table = copy.with_name("sites.csv")
    before = stamps(folder)
    old = file_checksum(table)
    table.write_text(table.read_text().replace("600", "601"))
    ended = soilcue("run", copy)
    assert ended.code == 2
    for words in ("sites.csv changed since century.today.nc was made from it", old[:12], "--again"):
        assert words in ended.err
    assert stamps(folder) == before
    copy.write_text(copy.read_text().replace("  csv: sites.csv\n", f"  csv: sites.csv\n  sha256: {old}\n"))
    told = soilcue("validate", copy).err
    assert "line 4" in told
    assert f"sites.csv changed since this study was written: its sha256 is {file_checksum(table)}" in told


def test_progress_is_told_in_cells(study):
    told = []
    run_study(read_study(study), study.with_name("out"), progress=lambda *what: told.append(what))
    for name in RUNS:
        counts = [done for run, done, total in told if f"{run}.nc" == name]
        assert counts[0] == 0
        assert sum(counts) == 2
    assert {total for _, _, total in told} == {2}


def test_validate_says_what_would_be_run(study):
    told = soilcue("validate", study)
    assert told.code == 0
    assert "1 models in 3 experiments, 3 runs" not in told.out
    assert "1 model in 3 experiments, 3 runs" in told.out
    assert "century.warmer   2 of 2 cells  3 years, 72 steps" in told.out
    assert re.search(r"about \d+ seconds on two processors", told.out)
    rows = json.loads(soilcue("validate", study, "--json").out)["runs"]
    assert [row["steps"] for row in rows] == [0, 72, 72]
    assert not study.with_name("study_results").exists()


# ---- one writer at a time


def test_folder_held_by_another_process_is_refused(copy):
    folder = copy.with_name("study_results")
    code = (
        "import sys, time; from pathlib import Path; from soilcue.core.lock import only_writer\n"
        "with only_writer(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        ended = soilcue("run", copy)
        assert ended.code == 2
        assert f"another soilcue writes there (process {other.pid} on {socket.gethostname()})" in ended.err
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    # killed, it has left its file behind; the lock is gone
    assert (folder / NAME).exists()
    assert soilcue("run", copy).code == 0
    assert not (folder / NAME).exists()


def test_lock_of_another_machine_is_believed(tmp_path):
    (tmp_path / NAME).write_text(json.dumps({"process": 7, "machine": "far"}))
    with pytest.raises(InputError, match=r"process 7 on far writes there.*remove"), only_writer(tmp_path):
        pass
    (tmp_path / NAME).write_text("{")
    with only_writer(tmp_path):
        assert json.loads((tmp_path / NAME).read_text())["process"] == os.getpid()
        with (tmp_path / NAME).open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(InputError, match="another soilcue writes there"), only_writer(tmp_path):
            pass
    assert os.listdir(tmp_path) == []


# ---- stopped, and other mishaps


def test_study_that_was_killed_goes_on(study, done):
    running = subprocess.Popen(
        [sys.executable, "-m", "soilcue", "run", study],
        env=os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "true"},  # compiled as in this process: equal to the bit
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    said = ""
    while not said.startswith("century.control"):
        said = running.stderr.readline()
        assert said, "the command ended before it could be stopped"
    running.kill()
    rest = running.communicate(timeout=60)[1]
    assert running.returncode == -signal.SIGKILL
    assert "Traceback" not in rest
    folder = study.with_name("study_results")
    assert {name for name in os.listdir(folder) if not name.startswith(".")} <= set(RUNS)
    finished = run_study(read_study(study), folder)
    assert finished[0].kept
    for name in RUNS:
        xr.testing.assert_equal(xr.load_dataset(folder / name), xr.load_dataset(done[1] / name))


def test_refused_study_leaves_no_folder(study):
    study.with_name("sites.csv").write_text("site,clay [1]\na,0.2\n")
    study.write_text(study.read_text().replace("units: {", "# "))
    assert soilcue("run", study).code == 2
    assert not study.with_name("study_results").exists()
    assert "cannot make the folder" in soilcue("run", written(study.parent), "--folder", study.parent / "a" / "b").err


def test_full_disk_leaves_what_is_whole(copy, done):
    folder = copy.with_name("study_results")
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "from soilcue.cli import main; main()"
    )
    ended = subprocess.run([sys.executable, "-c", script, "run", copy], capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(f"soilcue: cannot write {folder}/study.html: the file would be")
    assert (folder / "study.html").read_bytes() == (done[1] / "study.html").read_bytes()
    assert sorted(os.listdir(folder)) == sorted([*RUNS, "study.html"])


def test_drivers_that_change_and_a_start_in_their_first_years(study):
    time = np.arange("2001-01", "2005-01", dtype="datetime64[M]").astype("datetime64[ns]")
    sites = ["Harvard Forest", "Konza, prairie"]
    warm = np.add.outer(np.repeat([8.0, 8.0, 9.0, 10.0], 12), [0.0, 4.0])
    scenario = xr.Dataset({"temperature": (("time", "site"), warm, {"units": "degC"})}, {"time": time, "site": sites})
    scenario.to_netcdf(study.with_name("scenario.nc"))
    text = study.read_text()
    study.write_text(
        text[: text.index("experiments:")]
        + "experiments:\n  - name: scenario\n    kind: transient\n    drivers: {netcdf: scenario.nc}\n"
        "    start: {first_years: 2}\noutputs: {page: false, variables: [soil_carbon, respiration]}\n"
    )
    (one,) = run_study(read_study(study), study.with_name("out"))
    carbon = one.result["soil_carbon"]
    assert carbon.sizes["time"] == 4
    # two years of the climate it began with, then warmer: it stays, and then loses
    np.testing.assert_allclose(carbon[1], one.result["soil_carbon_at_start"], rtol=1e-6)
    assert (carbon[3] < carbon[1]).all()
    assert "diagnosed_cue" not in one.result
    assert "scenario.nc " in one.result.attrs["inputs"]
    study.write_text(study.read_text().replace("    start: {first_years: 2}\n", "    years: 5\n"))
    with pytest.raises(InputError, match=r"asks for 5 years, and .*scenario.nc holds 4 whole ones"):
        plan_of(read_study(study))


# ---- ensembles and blocks


def test_draws_lie_about_the_set_and_do_not_depend_on_their_number(study):
    chosen = Model(model="century", ensemble=Ensemble(draws=4, spread=0.1, parameters=["metabolic_intercept"]))
    few, more = (
        members_of(chosen, 7),
        members_of(chosen.model_copy(update={"ensemble": Ensemble(draws=6, spread=0.1)}), 7),
    )
    assert [member.name for member in few] == ["published", "draw 1", "draw 2", "draw 3", "draw 4"]
    assert few[0].parameters is None
    for member in few[1:]:
        assert set(member.parameters) == {"metabolic_intercept"}
        assert 0.9 * 0.85 <= member.parameters["metabolic_intercept"] <= 1.1 * 0.85
    assert len({member.parameters["metabolic_intercept"] for member in few[1:]}) == 4
    again = members_of(
        chosen.model_copy(update={"ensemble": Ensemble(draws=2, spread=0.1, parameters=["metabolic_intercept"])}), 7
    )
    assert again == few[:3]
    assert members_of(chosen, 8)[1] != few[1]
    assert set(more[1].parameters) == {parameter.name for parameter in MODELS["century"].declared}
    sets = members_of(Model(model="mimics", ensemble=Ensemble(sets="all")), 0)
    assert [member.name for member in sets] == [one.name for one in MODELS["mimics"].sets]
    assert sets[1].parameters == {"set": sets[1].name}


def stopped_at(number, monkeypatch):
    """Let a study be interrupted once, at the block of that number; the list grows by one a block."""
    what_is_kept, blocks = running._what_is_kept, []

    def counted(*arguments):
        blocks.append(arguments)
        if len(blocks) == number:
            raise KeyboardInterrupt
        return what_is_kept(*arguments)

    monkeypatch.setattr(running, "_what_is_kept", counted)
    return blocks


def test_ensemble_is_stored_some_members_at_a_time_and_goes_on(study, monkeypatch):
    text = study.read_text()
    study.write_text(
        text[: text.index("models:")] + "seed: 3\nblock: 5\nmodels: [{model: century, ensemble: {draws: 6}}]\n"
        "experiments:\n  - {name: today, kind: steady}\n  - {name: later, kind: transient, years: 3, start: today}\n"
        "outputs: {fluxes: true}\n"
    )
    plan = plan_of(read_study(study))
    calls = stopped_at(3, monkeypatch)
    folder = study.with_name("out")
    with pytest.raises(KeyboardInterrupt):
        run_study(plan, folder)
    names = ["members 0-2 cells all.nc", "members 2-4 cells all.nc"]  # two members in two cells: at most five
    assert sorted(path.name for path in (folder / PARTS).rglob("*.nc")) == names
    finished = run_study(plan, folder)
    assert len(calls) == 3 + 2 + 7  # two were there; the third and the fourth, and seven of the run through time
    assert sorted(os.listdir(folder)) == ["century.later.nc", "century.today.nc"]
    today, later = (one.result for one in finished)
    assert list(today["member"].values) == ["published", *(f"draw {i}" for i in range(1, 7))]
    for i in (0, 2, 6):
        model = sc.model("century", parameters=plan.runs[0].members[i].parameters)
        state = model.steady_state(plan.drivers, fluxes=True)
        for name in ("soil_carbon", "flux_rate"):
            np.testing.assert_allclose(today[name].isel(member=i), state[name], rtol=1e-12)
        values = model.parameters()["value"]
        np.testing.assert_array_equal(today["parameter_value"].isel(member=i), values)
    np.testing.assert_allclose(later["soil_carbon"].isel(time=-1), today["soil_carbon"], rtol=1e-9)
    assert float(today["parameter_value"].sel(member="published", parameter="metabolic_intercept")) == 0.85
    assert "6 draws within 0.2 of the value, seed 3" in today.attrs["ensemble"]
    page = study_page(plan, finished, folder / "study.html").read_text(encoding="utf-8")
    assert "CUE of the members" in page
    assert "Draws say how much a parameter matters" in page


def test_published_sets_are_members_also_where_there_is_one(study):
    text = study.read_text()
    study.write_text(
        text[: text.index("models:")] + "models: [{model: century, ensemble: {sets: all}}]\n"
        "experiments: [{name: today, kind: steady}]\noutputs: {page: false}\n"
    )
    (one,) = run_study(read_study(study), study.with_name("out"))
    assert list(one.result["member"].values) == [published.name for published in MODELS["century"].sets]
    assert one.result["soil_carbon"].dims == ("member", "site")


@pytest.mark.parametrize("file", ["study.yaml", "sites.csv"])
def test_blocks_of_another_cut_or_other_drivers_are_not_taken(file, study, monkeypatch):
    text = study.read_text()
    study.write_text(f"{text[: text.index('experiments:')]}block: 1\nexperiments: [{{name: today, kind: steady}}]\n")
    folder = study.with_name("out")
    stopped_at(2, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run_study(read_study(study), folder)
    assert [path.name for path in (folder / PARTS).rglob("*.nc")] == ["members 0-1 cells 0-1.nc"]
    changed = study.with_name(file)
    changed.write_text(changed.read_text().replace("block: 1", "block: 5").replace("600", "601"))
    (one,) = run_study(read_study(study), folder)
    assert os.listdir(folder) == ["century.today.nc"]
    alone = sc.model("century").steady_state(plan_of(read_study(study)).drivers)
    np.testing.assert_allclose(one.result["soil_carbon"], alone["soil_carbon"], rtol=1e-12)


def test_blocks_of_cells_give_what_the_whole_gives(globe, tmp_path):
    path, finished = globe
    text = path.parent.with_name("study.yaml").read_text()
    (tmp_path / "study.yaml").write_text(text + "block: 20\n")
    blocks = run_study(read_study(tmp_path / "study.yaml"), tmp_path / "out")
    for whole, parted in zip(finished, blocks, strict=True):
        xr.testing.assert_allclose(whole.result, parted.result, rtol=1e-10)
        assert set(whole.result.attrs) == set(parted.result.attrs)


# ---- the page


@pytest.fixture(scope="module")
def page(done) -> str:
    return (done[1] / "study.html").read_text(encoding="utf-8")


def test_page_says_what_was_run_and_found(page, done):
    text = re.sub(r"\s+", " ", re.sub(r"<(script|style).*?</\1>|<[^>]+>", "", page, flags=re.DOTALL))
    for words in (
        "Two sites",
        "1 model in 3 experiments, 3 runs",
        "century.warmer",
        "temperature +5",
        "Runs against the first experiment of their model",
        "The study itself",
        "csv: sites.csv",
        f"sites.csv: sha256 {file_checksum(done[1].with_name('sites.csv'))}",
        "Fitting soil carbon does not identify CUE",
        "10.1038/s41467-024-52160-5",
    ):
        assert words in text, words
    assert "nan" not in text.lower().split()
    warmer, control = (
        xr.load_dataset(done[1] / f"century.{name}.nc")["soil_carbon"][-1] for name in ("warmer", "control")
    )
    change = float((warmer - control).mean() / control.mean())
    assert f"{100 * change:+.1f} %".replace("-", "−") in text


def test_figures_of_the_page_are_valid(page):
    data = json.loads(re.search(r'id="figure-data">(.*?)</script>', page, re.DOTALL)[1])

    def unpacked(value):
        if isinstance(value, dict):
            return data["arrays"][value["array"]] if "array" in value else {n: unpacked(v) for n, v in value.items()}
        return [unpacked(v) for v in value] if isinstance(value, list) else value

    assert set(data["figures"]) == {"sites-cue", "sites-carbon", "series-carbon", "series-cue"}
    for figure in data["figures"].values():
        go.Figure(unpacked(figure["traces"]), unpacked(figure["layout"]))


@pytest.fixture(scope="module")
def globe(tmp_path_factory):
    """A study of a piece of the embedded grid, with maps."""
    path = tmp_path_factory.mktemp("globe") / "study.yaml"
    path.write_text(
        "title: A piece\ndrivers: {embedded: global, select: {lat: [8, 20], lon: [5, 30]}}\nmodels: [century]\n"
        "experiments:\n  - {name: today, kind: steady, season: annual-mean}\n"
        "  - {name: wetter, kind: steady, season: annual-mean, changes: {moisture: {multiply: 1.1}}}\n"
    )
    plan = plan_of(read_study(path))
    finished = run_study(plan, path.with_name("out"))
    return study_page(plan, finished, path.with_name("out") / "study.html"), finished


def test_grid_has_maps_and_cites_its_drivers(globe):
    path, finished = globe
    page = path.read_text(encoding="utf-8")
    for name in ("cue-century.today", "carbon-century.wetter", "difference-cue-century.wetter"):
        assert f'data-figure="{name}"' in page
    assert "area of vegetated land" in page
    result = finished[0].result
    assert result["status"].dims == ("lat", "lon")
    assert result["lat"].attrs["standard_name"] == "latitude"
    assert "Speedy" in result.attrs["references"]
    assert "soilcue global_drivers.nc " in result.attrs["inputs"]


@pytest.mark.browser
@pytest.mark.parametrize(("which", "width"), [("sites", 360), ("globe", 360), ("globe", 1200)])
def test_browser_draws_the_page_offline(which, width, done, globe):
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: apt-get install chromium")
        pytest.skip("Chromium is not installed here")
    from playwright.sync_api import sync_playwright

    path = done[1] / "study.html" if which == "sites" else globe[0]
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_context(offline=True, viewport={"width": width, "height": 800}).new_page()
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]")
        assert asked == [path.as_uri()]
        assert complaints == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        for figure in page.locator("[data-figure]").all():
            assert figure.locator(".main-svg").count() > 0
        page.locator("label", has_text="total").first.click()
        page.wait_for_selector('html[data-drawn*=\'"rule":"total"\']')
        assert page.locator("#glance [data-rule=total]").first.is_visible()
        assert not page.locator("#glance [data-rule=uptake]").first.is_visible()
        browser.close()
