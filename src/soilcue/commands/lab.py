"""`soilcue lab`: what each method of measuring CUE would read of one soil, and what truly happened in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soilcue.core.errors import InputError, unknown_name

if TYPE_CHECKING:
    import pandas as pd


def lab(
    scenario: Annotated[str, typer.Option(help="Scenarios with commas between; all of them if not given.")] = "",
    hours: Annotated[str, typer.Option(help="Hours to look at, with commas between.")] = "1,6,24,72,168",
    at: Annotated[float, typer.Option(help="The hour that tables and the map show.")] = 24.0,
    dose: Annotated[float, typer.Option(help="Substrate, microgram of carbon per gram of soil.")] = 20.0,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="What differs in your soil: NAME=VALUE, a parameter, a pool or a property of cells."
        ),
    ] = None,
    assume: Annotated[
        list[str] | None, typer.Option(help="Factors you use: kec=0.38, fdna=15, oxygen_from_water=0.33.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="Method you used, to translate --reading to others.")] = None,
    reading: Annotated[float | None, typer.Option(help="The CUE it read after --at hours.")] = None,
    treatment: Annotated[
        list[str] | None, typer.Option(help="What a treatment changes, to be told apart: NAME=VALUE, a parameter.")
    ] = None,
    enrichment: Annotated[float, typer.Option(help="13C of the substrate, atom percent.")] = 5.0,
    water_enrichment: Annotated[float, typer.Option(help="18O of the soil's water, atom percent.")] = 20.0,
    power: Annotated[float, typer.Option(help="Probability of telling the treatment apart.")] = 0.8,
    model: Annotated[
        str | None, typer.Option(help="Incubate the soil of this model instead (soilcue models): lab.csv alone.")
    ] = None,
    place: Annotated[str | None, typer.Option(help="LAT,LON of that soil, on the embedded map of drivers.")] = None,
    into: Annotated[str | None, typer.Option(help="Pool of the model that the substrate is added to.")] = None,
    folder: Annotated[Path, typer.Option(help="Where lab.html and lab.csv go.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print the readings after --at hours as JSON.")] = False,
) -> None:
    """What would other methods have read on this same soil? Write lab.html and lab.csv."""
    from soilcue.commands.progress import progress_bars
    from soilcue.core.citing import write_table
    from soilcue.core.files import whole_file
    from soilcue.core.references import bibliography
    from soilcue.lab import SCENARIOS
    from soilcue.report.lab_page import (
        Question,
        answer,
        lab_page,
        pools_and_parameters,
        references_of_answer,
        summary_lines,
    )

    if (method is None) != (reading is None):
        raise InputError("--method and --reading go together: which method you used, and the CUE it read.")
    known = pools_and_parameters()
    soil: dict[str, dict[str, float]] = {"parameters": {}, "stocks": {}, "cells": {}}
    for name, value in _pairs("--set", change or ()).items():
        if name not in known:
            raise unknown_name("name in --set", name, known)
        soil[known[name]][name] = value
    treated = _pairs("--treatment", treatment or ())
    if model is not None:
        own: dict[str, Any] = {"--scenario": scenario, "--method": method, "--treatment": treated}
        for option, given in {
            **own,
            "--set (but for cells and their food)": soil["parameters"] or soil["stocks"],
        }.items():
            if given:
                raise InputError(f"{option} is of the incubation model and has no meaning with --model: leave it out.")
        times = sorted({*_numbers("--hours", hours), at})
        found = _soil_of_a_model(
            model, place, into, times, dose, soil["cells"], _pairs("--assume", assume or ()), folder
        )
        _show(found[found["hours"] == at], folder / "lab.csv", as_json)
        return
    if place is not None or into is not None:
        raise InputError("--place and --into go with --model: the soil model whose soil is incubated.")
    for name in treated:
        if known.get(name) != "parameters":
            raise unknown_name("parameter in --treatment", name, [n for n, of in known.items() if of == "parameters"])
    more: dict[str, Any] = {"treatment": treated} if treated else {}
    question = Question(
        scenarios=[name.strip() for name in scenario.split(",") if name.strip()] or list(SCENARIOS),
        hours=_numbers("--hours", hours),
        at_hours=at,
        dose=dose,
        assumed=_pairs("--assume", assume or ()),
        enrichment=enrichment,
        water_enrichment=water_enrichment,
        power=power,
        method=method,
        reading=reading,
        parameters=soil["parameters"],
        stocks=soil["stocks"],
        cells=soil["cells"],
        **more,
    )
    outputs = [folder / "lab.html", folder / "lab.csv"]
    with whole_file(outputs[0]) as page, progress_bars("scenarios") as told:
        found = answer(question, None if as_json else told)
        lab_page(found, page)
        write_table(
            found.comparison,
            outputs[1],
            bibliography(references_of_answer(found)),
            title="Virtual laboratory: what methods would read, and what truly happened",
            units={"hours": "h", "dose": "ug g-1"},
        )
    if as_json:
        day = found.comparison[(found.comparison["hours"] - at).abs() < 1e-9]
        typer.echo(day.to_json(orient="records", indent=2))
        return
    for line in summary_lines(found):
        typer.echo(line)
    typer.echo(f"data  {outputs[1].resolve()}")
    typer.echo(f"page  {outputs[0].resolve()}")


def _soil_of_a_model(
    name: str,
    place: str | None,
    into: str | None,
    hours: Sequence[float],
    dose: float,
    cells: Mapping[str, Any],
    assumed: Mapping[str, float],
    folder: Path,
) -> pd.DataFrame:
    """What methods would read of the soil of a soil model at one place of the embedded map; lab.csv is written."""
    import soilcue as sc
    from soilcue.core.citing import write_table
    from soilcue.core.references import bibliography
    from soilcue.lab import jar_of, read_jar
    from soilcue.measure.methods import METHODS

    model = sc.model(name)
    where = _numbers("--place", place or "")
    if len(where) != 2 or abs(where[0]) > 90 or abs(where[1]) > 180:
        raise InputError(f"--place is {place!r}: give latitude and longitude, such as --place 42.5,-72.2")
    cell = sc.drivers().sel(lat=where[0], lon=where[1], method="nearest")
    if cell["carbon_input"].isnull().any():
        raise InputError(f"--place {place}: the embedded map has no vegetation there; give a place that has.")
    typer.echo(f"soil of {model.network.title} at {cell.lat:g}, {cell.lon:g}", err=True)
    jar = jar_of(model, cell, into, bulk_density=float(cell["bulk_density"]), **cells)
    found = read_jar(jar, hours, dose, assumed).assign(model=name, into=jar.into)
    keys = ["he2024", *model.references, *(key for m in METHODS for key in METHODS[m].references)]
    write_table(
        found,
        folder / "lab.csv",
        bibliography(dict.fromkeys(keys)),
        title=f"What methods would read of {model.network.title} at {cell.lat:g}, {cell.lon:g}",
        units={"hours": "h", "dose": "ug g-1"},
    )
    return found


def _show(day: pd.DataFrame, written: Path, as_json: bool) -> None:
    """Readings at one hour, on the terminal."""
    if as_json:
        typer.echo(day.to_json(orient="records", indent=2))
        return
    first = day.iloc[0]
    typer.echo(
        f"{first.model}, {first.hours:g} h, {first.dose:g} ug C per g into {first['into']}: true CUE_C "
        f"{first.cue_community:.3f}, CUE_E {first.cue_ecosystem:.3f}"
    )
    for row in day.dropna(subset=["reading"]).itertuples():
        typer.echo(f"  {row.title:<{day['title'].str.len().max()}}  {row.reading:.3f}  ({row.bias_community:+.3f})")
    typer.echo(f"data  {written.resolve()}")


def _numbers(option: str, text: str) -> list[float]:
    """Numbers that stand in one text with commas between."""
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InputError(f"{option} is {text!r}; give numbers with commas between, such as 6,24,72.") from None


def _pairs(option: str, given: Sequence[str]) -> dict[str, float]:
    """NAME=VALUE, each."""
    found: dict[str, float] = {}
    for text in given:
        name, sign, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise InputError(
                f"{option} is {text!r}; give NAME=VALUE with a number, such as growth_yield=0.6."
            ) from None
        if not sign or not name.strip():
            raise InputError(f"{option} is {text!r}; give NAME=VALUE, such as growth_yield=0.6.")
    return found
