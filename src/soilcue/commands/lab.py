"""`soilcue lab`: what each method of measuring CUE would read of one soil, and what truly happened in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from soilcue.core.errors import InputError, unknown_name


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
    with whole_file(outputs[0]) as page, progress_bars() as told:
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
