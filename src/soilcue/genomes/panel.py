"""Many genomes on many substrates: one process a model, resumable, every failure named.

Each genome's result is kept in a file of its own until all are done, so that a run that was stopped goes on where it
was. A file that cannot be read, a model that does not grow: each stands in the tables with its reason, and out of the
statistics.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, fields, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from soilcue.core.errors import InputError
from soilcue.core.files import whole_file
from soilcue.genomes.efficiency import GROWS, NO_GROWTH, STATUSES, YIELD_UNITS, Yield
from soilcue.genomes.growth import maintenance_rate
from soilcue.genomes.reading import ENDINGS, PROTEINS, model_files
from soilcue.genomes.substances import class_of, media, panel

if TYPE_CHECKING:
    import pandas as pd

FORM = 3
"""Version of the kept results: raised when what is kept of a genome changes."""
CURVE_RATES = (2.0, 4.0, 6.0, 10.0, 20.0, 40.0, 60.0)
"""Rates of uptake of the curve, mmol C gDW-1 h-1."""


@dataclass(frozen=True)
class Settings:
    """What is asked of every genome."""

    substrates: tuple[str, ...]
    maintenance: tuple[str | float, ...] = ("none", "shipped")
    uptake: float = 60.0
    medium: str = "mineral"
    temperature: float = 25.0
    fraction: float | None = None
    """Also give ranges of CUE over fluxes with at least this fraction of the largest growth."""
    members: int = 0
    """Also give the spread of CUE over this many members of an ensemble (`soilcue.genomes.ensembles.spread`)."""
    biomass: tuple[tuple[str, str], ...] = ()
    """Biomass reaction of files, by their names, where the files' own objective is not meant."""

    def checked(self) -> Settings:
        """Itself, or `InputError` for what cannot be asked."""
        for word in self.maintenance:
            maintenance_rate(word, self.temperature)
        if self.medium not in (*media(), "open"):
            raise InputError(f"unknown medium {self.medium!r}. There are: {', '.join(media())}, open.")
        if not 0 < self.uptake <= 1e4:
            raise InputError(f"uptake is {self.uptake:g} mmol C gDW-1 h-1; it must be positive, and at most 10,000.")
        if self.fraction is not None and not 0 <= self.fraction <= 1:
            raise InputError(f"fraction of the largest growth is {self.fraction:g}; it may be 0 to 1.")
        if self.members != 0 and not 2 <= self.members <= 10_000:
            raise InputError(f"members of the ensemble are {self.members}; give 2 to 10,000, or 0 for no ensemble.")
        return self

    @property
    def key(self) -> str:
        """Short name of these settings and of the code's form of results."""
        import soilcue

        told = json.dumps([FORM, soilcue.__version__, asdict(self)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Panel:
    """What became of many genomes."""

    yields: pd.DataFrame
    """A row for each genome, substrate and maintenance; also where nothing grows."""
    genomes: pd.DataFrame
    """A row for each file: size, audit, and why it failed where it did."""
    curves: pd.DataFrame
    """CUE against the rate of uptake, with the maintenance of the file."""
    settings: Settings


def files_of(source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Files of a folder, or those listed.

    Raises
    ------
    InputError
        Where the folder is missing or holds no file that may be a metabolic model.
    """
    if not isinstance(source, str | os.PathLike):
        return [Path(one) for one in source]
    place = Path(source)
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise InputError(f"{place}: there is no such folder. Give a folder of metabolic models, or one file.")
    found = model_files(place)
    if not found:
        sequences = sum(path.suffix.lower() in PROTEINS for path in place.iterdir())
        more = f" It holds {sequences} files of sequences: soilcue.genomes.reconstruct makes models of proteins."
        raise InputError(
            f"{place}: holds no metabolic model. Their names end in {', '.join(ENDINGS)}, alone or compressed."
            + (more if sequences else "")
        )
    return found


def examine_panel(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    substrates: str | Sequence[str] = "soil-panel",
    *,
    maintenance: Sequence[str | float] = ("none", "shipped"),
    uptake: float = 60.0,
    medium: str = "mineral",
    temperature: float = 25.0,
    fraction: float | None = None,
    members: int = 0,
    biomass: Mapping[str, str] | None = None,
    keep: Path | None = None,
    processes: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> Panel:
    """CUE of many genomes on many substrates.

    Parameters
    ----------
    source : path or iterable of paths
        A folder of metabolic models, or files.
    substrates : str or sequence of str
        A panel by name, names with commas between, or a list.
    maintenance, uptake, medium, temperature, fraction
        As in `Genome.cue`; several kinds of maintenance.
    members : int
        Also give the spread of CUE over so many random members, which differ in what the makers of a model assumed
        (`soilcue.genomes.ensemble`); takes about as many times longer. 0 for none.
    biomass : mapping, optional
        Biomass reaction by the name of the file, where the file's own objective is not meant or there is none.
    keep : Path, optional
        Folder for the results of single genomes while the work goes on. A run that was stopped and is started again
        with the same folder and settings goes on from there. Remove it when the tables are written.
    processes : int
        Genomes examined at a time, each in a process of its own (spawned: guard the main module of a script). With 1
        all is done in this process.
    progress : callable, optional
        Told how many are done, how many there are, and which one it was.

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        For settings that cannot be, a folder without models. A file that cannot be used raises nothing: it is listed.
    """
    asked = panel(substrates) if isinstance(substrates, str) else panel(",".join(substrates))
    settings = Settings(asked, tuple(maintenance), uptake, medium, temperature, fraction, members)
    settings = replace(settings, biomass=tuple(sorted((biomass or {}).items()))).checked()
    files = files_of(source)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    told = progress or (lambda done, total, name: None)
    results: dict[Path, dict[str, Any]] = {}
    for path in files:
        kept = _kept(path, settings, keep)
        if kept is not None:
            results[path] = kept
            told(len(results), len(files), path.name)
    left = [path for path in files if path not in results]
    for path, result in _examined(left, settings, processes):
        results[path] = result
        if keep is not None and not result.get("crashed"):
            with whole_file(_part(path, keep)) as beside:
                beside.write_text(json.dumps(result), encoding="utf-8")
        told(len(results), len(files), path.name)
    return _gathered([results[path] for path in files], files, settings)


def _part(path: Path, keep: Path) -> Path:
    return keep / f"{path.name}.json"


def _kept(path: Path, settings: Settings, keep: Path | None) -> dict[str, Any] | None:
    """The kept result of a file, if it is of the same file and the same settings."""
    if keep is None or not _part(path, keep).is_file():
        return None
    try:
        result = json.loads(_part(path, keep).read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return None
    same = result.get("key") == settings.key and result.get("sha256") == _digest(path)
    return result if same else None


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _examined(files: list[Path], settings: Settings, processes: int) -> Iterable[tuple[Path, dict[str, Any]]]:
    """Results of files as they come. A file whose process dies is tried once more alone, then reported."""
    if processes == 1 or len(files) < 2:
        for path in files:
            yield path, examined(path, settings)
        return
    left, suspects = list(files), False
    while left:
        # after a crash one file at a time, until the one that brings its process down is found
        batch = left[:1] if suspects else list(left)
        broken = False
        with _pool(len(batch) if suspects else processes) as pool:
            tasks = {pool.submit(examined, path, settings): path for path in batch}
            for task in as_completed(tasks):
                path = tasks[task]
                try:
                    result = task.result()
                except BrokenProcessPool:
                    broken = True
                    if not suspects:
                        continue
                    result = _failure(path, settings, f"{path}: the process that read it died", crashed=True)
                left.remove(path)
                yield path, result
        suspects = (broken and not suspects) or (suspects and not broken)


def _pool(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Let a worker end when the program that started it is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _failure(path: Path, settings: Settings, why: str, crashed: bool = False) -> dict[str, Any]:
    return {
        "key": settings.key,
        "sha256": _digest(path),
        "file": path.name,
        "failure": why,
        "crashed": crashed,
        "yields": [],
        "curve": [],
    }


def examined(path: Path, settings: Settings) -> dict[str, Any]:
    """All that is asked of one genome, as plain numbers and texts; never an error."""
    from soilcue.genomes.genome import load

    try:
        return _answers(load(path, biomass=dict(settings.biomass).get(path.name)), settings)
    except InputError as error:
        return _failure(path, settings, str(error))
    except Exception as error:  # one strange file among thousands must not end the work; what happened is reported
        return _failure(path, settings, f"{path}: unexpected {type(error).__name__}: {error}")


def _answers(genome: Any, settings: Settings) -> dict[str, Any]:
    audit = genome.audit
    rows, reasons = [], {}
    for word in settings.maintenance:
        conditions = {
            "uptake": settings.uptake,
            "maintenance": word,
            "medium": settings.medium,
            "temperature": settings.temperature,
        }
        for substrate in settings.substrates:
            try:
                found = genome.yield_on(substrate, **conditions)
                reason = "" if found.status == GROWS else STATUSES[found.status]
            except InputError as error:  # maintenance that cannot be set in this model, say
                found, reason = Yield("failed"), str(error)
            if found.status == NO_GROWTH:
                # what is missing does not depend on maintenance, and its program takes as long as the growth
                if substrate not in reasons:
                    reasons[substrate] = genome.missing(substrate, **{**conditions, "maintenance": "none"}).reason
                reason = reasons[substrate]
            row = {"substrate": substrate, "maintenance": str(word), "reason": reason, **asdict(found)}
            if settings.fraction is not None:
                for exudates, kind in ((False, "co2"), (True, "biomass")):
                    low, high = (None, None)
                    if found.status == GROWS:
                        low, high = genome.population.respired_range(
                            substrate, settings.fraction, exudates=exudates, **conditions
                        )
                    row |= {f"cue_{kind}_low": low, f"cue_{kind}_high": high}
            rows.append(row)
    curve = []
    grown = [row["substrate"] for row in rows if row["status"] == GROWS]
    if grown:
        for rate in CURVE_RATES:
            found = genome.yield_on(grown[0], uptake=rate, maintenance="shipped", medium=settings.medium)
            curve.append({"substrate": grown[0], "offered": rate, **asdict(found)})
    if settings.members:
        _add_spreads(genome, rows, settings)
    model = genome.population.model
    return {
        "key": settings.key,
        "sha256": genome.digest,
        "file": genome.path.name,
        "failure": "",
        "model": genome.population.model.name,
        "genes": model.genes,
        "reactions": len(model.reactions) - (genome.population.maintenance.hydrolysis >= 0),
        "compounds": len(model.compounds),
        "biomass_reaction": audit.biomass,
        "biomass_assumed": audit.biomass_assumed,
        "shipped_maintenance": genome.population.maintenance.shipped,
        "energy_from_nothing": audit.energy,
        "growth_from_nothing": audit.growth_from_nothing,
        "carbon_unbalanced": len(audit.carbon_unbalanced),
        "unbalanced": len(audit.unbalanced),
        "uncharged": len(audit.uncharged),
        "unchecked": len(audit.unknown),
        "biomass_mass": audit.biomass_mass,
        "sound": audit.sound,
        "findings": "\n".join(audit.findings),
        "yields": rows,
        "curve": curve,
    }


def _add_spreads(genome: Any, rows: list[dict[str, Any]], settings: Settings) -> None:
    """Standard deviation of CUE over an ensemble, to each row that grows; last of all, for it changes the model."""
    from soilcue.genomes.ensembles import spread

    for row in rows:
        row |= {"cue_sd": None, "cue_sd_members": 0, "cue_sd_over": ""}
    for word in settings.maintenance:
        grown = [row for row in rows if row["maintenance"] == str(word) and row["status"] == GROWS]
        if not grown:
            continue
        cue, varied = spread(
            genome,
            [row["substrate"] for row in grown],
            members=settings.members,
            uptake=settings.uptake,
            maintenance=word,
            medium=settings.medium,
            temperature=settings.temperature,
        )
        for row, values in zip(grown, cue, strict=True):
            found = values[np.isfinite(values)]
            sd = float(found.std(ddof=1)) if len(found) > 1 else None
            row |= {"cue_sd": sd, "cue_sd_members": len(found), "cue_sd_over": ", ".join(varied)}


def _gathered(results: list[dict[str, Any]], files: list[Path], settings: Settings) -> Panel:
    """Tables of all results, in the order of the files."""
    import pandas as pd

    names = _names(files)
    genomes, yields, curves = [], [], []
    by_model: dict[str, str] = {}
    by_content: dict[str, str] = {}
    for name, result in zip(names, results, strict=True):
        row = {key: value for key, value in result.items() if key not in ("key", "yields", "curve", "crashed")}
        said = [line for line in str(row.get("findings", "")).splitlines() if line]
        same = by_content.get(result["sha256"]) if not result["failure"] else None
        if same:
            said.insert(0, f"the same file as {same}: left out of statistics")
        elif result.get("model") and result["model"] in by_model:
            said.insert(0, f"bears the same identifier, {result['model']}, as {by_model[result['model']]}")
        by_content.setdefault(result["sha256"], name)
        by_model.setdefault(str(result.get("model")), name)
        genomes.append({"genome": name, **row, "findings": "\n".join(said), "duplicate": bool(same)})
        for one in result["yields"]:
            trusted = one["status"] == GROWS and not one["doubts"] and not same
            yields.append({"genome": name, "file": result["file"], **one, "trusted": trusted})
        curves += [{"genome": name, **one} for one in result["curve"]]
    table = pd.DataFrame(yields, columns=_yield_columns(settings))
    table["trusted"] = table["trusted"].astype(bool)
    # of columns in which nothing grows pandas cannot tell that they hold numbers
    for name in {*_ranges(settings), "cue_sd"} & {*table}:
        table[name] = pd.to_numeric(table[name], errors="coerce").astype(float)
    table.insert(3, "substrate_class", table["substrate"].map({name: class_of(name) for name in settings.substrates}))
    columns = ["genome", "substrate", "offered", *[field.name for field in fields(Yield)]]
    return Panel(table, _genome_table(genomes), pd.DataFrame(curves, columns=columns), settings)


def _genome_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    texts = ("genome", "file", "sha256", "failure", "findings", "model", "biomass_reaction")
    numbers = ("genes", "reactions", "compounds", "shipped_maintenance", "energy_from_nothing", "growth_from_nothing",
               "carbon_unbalanced", "unbalanced", "uncharged", "unchecked", "biomass_mass")  # fmt: skip
    table = pd.DataFrame(rows).reindex(columns=[*texts, *numbers, "biomass_assumed", "sound", "duplicate"])
    for name in texts:
        table[name] = table[name].fillna("").astype(str)
    for name in numbers:
        table[name] = pd.to_numeric(table[name], errors="coerce").astype(float)
    for name in ("biomass_assumed", "sound", "duplicate"):
        table[name] = table[name].map(lambda value: value is True)
    return table


def _yield_columns(settings: Settings) -> list[str]:
    return [
        "genome",
        "file",
        "substrate",
        "maintenance",
        "reason",
        *[field.name for field in fields(Yield)],
        *_ranges(settings),
        *(["cue_sd", "cue_sd_members", "cue_sd_over"] if settings.members else []),
        "trusted",
    ]


def _ranges(settings: Settings) -> list[str]:
    if settings.fraction is None:
        return []
    return [f"cue_{kind}_{side}" for kind in ("co2", "biomass") for side in ("low", "high")]


def _names(files: list[Path]) -> list[str]:
    """A short name a file: without its endings, where that tells files apart."""
    short = []
    for path in files:
        name = path.name
        for ending in (".gz", ".bz2", ".zip", *ENDINGS):
            name = name.removesuffix(ending)
        short.append(name)
    counts = {name: short.count(name) for name in set(short)} if len(set(short)) < len(short) else {}
    return [path.name if counts.get(name, 1) > 1 else name for path, name in zip(files, short, strict=True)]


UNITS = {
    **YIELD_UNITS,
    "shipped_maintenance": "mmol g-1 h-1",
    "energy_from_nothing": "mmol g-1 h-1",
    "growth_from_nothing": "h-1",
}
"""Units of the columns of the tables that have one; ratios and counts have none."""


def write_panel(found: Panel, folder: Path, references: Sequence[str]) -> list[Path]:
    """Write genomes.parquet and genomes.csv (a row for each genome, substrate and maintenance) and genome_audit.csv.

    The tables of a folder appear one after the other, each whole.
    """
    from soilcue.core.citing import write_table

    written = []
    for name, table, title in (
        ("genomes.parquet", found.yields, "CUE of genomes on substrates"),
        ("genomes.csv", found.yields, "CUE of genomes on substrates"),
        ("genome_audit.csv", found.genomes, "Audit of metabolic models"),
    ):
        units = {column: unit for column, unit in UNITS.items() if column in table}
        written.append(write_table(table, folder / name, references, title=title, units=units))
    return written
