"""`soilcue cite`: what to cite for models, schemes and files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soilcue.core.errors import InputError


def cite(
    what: Annotated[
        list[str] | None, typer.Argument(help="Models, schemes, or a file soilcue wrote; all models if none.")
    ] = None,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX instead of text.")] = False,
) -> None:
    """Print what to cite for models, schemes or an output file."""
    from soilcue.core.references import bibliography

    style = "bibtex" if bibtex else "text"
    entries = bibliography(["he2024"], style)
    for name in what or _all_models():
        from_file = Path(name).suffix == ".nc"
        entries += _entries_of_file(Path(name), style) if from_file else bibliography(_keys_of_part(name), style)
    typer.echo(("\n\n" if bibtex else "\n").join(dict.fromkeys(entries)))


def _all_models() -> list[str]:
    from soilcue.models import MODELS

    return list(MODELS)


def _keys_of_part(name: str) -> list[str]:
    """Reference keys of a model (with a set: ``model:set``) or a scheme."""
    from soilcue.core.errors import unknown_name
    from soilcue.models import MODELS
    from soilcue.schemes import SCHEMES

    part, _, parameters = name.partition(":")
    if part in list(MODELS):
        network = MODELS[part]
        return [*network.references, *network.parameter_set(parameters or None).source]
    if part in list(SCHEMES):
        return list(SCHEMES[part].references)
    raise unknown_name("model or scheme", part, [*MODELS, *SCHEMES])


def _entries_of_file(path: Path, style: str) -> list[str]:
    """What the ``references`` attribute of a file says, a line each."""
    from soilcue.core.files import read_netcdf
    from soilcue.core.references import REFERENCES

    lines = str(read_netcdf(path).attrs.get("references", "")).splitlines()
    if not lines:
        raise InputError(f"{path}: has no attribute 'references'; it does not say what to cite.")
    if style == "text":
        return lines
    by_text = {reference.text(): reference for reference in REFERENCES.values()}
    missing = [line for line in lines if line not in by_text]
    if missing:
        raise InputError(
            f"{path}: cites {missing[0]!r}, for which soilcue has no BibTeX entry. Without --bibtex all is printed as "
            "text."
        )
    return [by_text[line].bibtex() for line in lines]
