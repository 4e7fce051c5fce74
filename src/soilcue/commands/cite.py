"""`soilcue cite`: what to cite for models, schemes, methods, data sets and files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soilcue.core.errors import InputError


def cite(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="Models, schemes, methods, data sets, files soilcue wrote; all models if none."),
    ] = None,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX instead of text.")] = False,
) -> None:
    """Print what to cite for models, schemes, methods, data sets or output files."""
    from soilcue.core.citing import CITED_KINDS
    from soilcue.core.references import bibliography

    style = "bibtex" if bibtex else "text"
    entries = bibliography(["he2024"], style)
    for name in what or _all_models():
        from_file = Path(name).suffix.lower() in CITED_KINDS or Path(name).is_file()
        entries += _entries_of_file(Path(name), style) if from_file else bibliography(_keys_of_part(name), style)
    typer.echo(("\n\n" if bibtex else "\n").join(dict.fromkeys(entries)))


def _all_models() -> list[str]:
    from soilcue.models import MODELS

    return list(MODELS)


def _keys_of_part(name: str) -> list[str]:
    """Reference keys of a model (with a set: ``model:set``), a scheme, a method or a data set."""
    from soilcue.core.errors import unknown_name
    from soilcue.data.catalogue import catalogue
    from soilcue.measure.methods import METHODS
    from soilcue.models import MODELS
    from soilcue.schemes import SCHEMES

    part, _, parameters = name.partition(":")
    if part in list(MODELS):
        network = MODELS[part]
        return [*network.references, *network.parameter_set(parameters or None).source]
    if part in list(SCHEMES):
        return list(SCHEMES[part].sources(parameters or None))
    if part in catalogue():
        return list(catalogue()[part].cite)
    if part in list(METHODS):
        return list(METHODS[part].references)
    raise unknown_name("model, scheme, method or data set", part, [*MODELS, *SCHEMES, *METHODS, *catalogue()])


def _entries_of_file(path: Path, style: str) -> list[str]:
    """What a file says is to be cited, a line each."""
    from soilcue.core.citing import references_of
    from soilcue.core.references import REFERENCES

    lines = references_of(path)
    if style == "text":
        return lines
    _all_models()  # a model from elsewhere makes its papers known when it is loaded
    by_text = {reference.text(): reference for reference in REFERENCES.values()}
    missing = [line for line in lines if line not in by_text]
    if missing:
        raise InputError(
            f"{path}: cites {missing[0]!r}, for which soilcue has no BibTeX entry. Without --bibtex all is printed as "
            "text."
        )
    return [by_text[line].bibtex() for line in lines]
