"""The literature behind models, parameters, schemes and data: cited by key where used, printed as text or BibTeX.

The publications themselves stand in ``references.toml``, a table by key of ``authors`` (family name and initials,
parted by semicolons), ``year``, ``title``, ``where`` (journal, volume and pages, or where code or data are found) and,
where there is one, ``doi``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from soilcue.core.errors import InputError, unknown_name


@dataclass(frozen=True)
class Reference:
    """One publication, data set or public code."""

    key: str
    authors: str
    year: int
    title: str
    where: str
    doi: str = ""

    def text(self) -> str:
        """One line, as a bibliography has it."""
        doi = f" doi:{self.doi}" if self.doi else ""
        return f"{self.authors} ({self.year}). {self.title}. {self.where}.{doi}"

    def bibtex(self) -> str:
        """A BibTeX entry."""
        kind = "article" if self.doi else "misc"
        place = "journal" if self.doi else "howpublished"
        fields = {
            "author": self.authors.replace("; ", " and "),
            "year": str(self.year),
            "title": "{" + self.title + "}",
            place: self.where,
            "doi": self.doi,
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@{kind}{{{self.key},", *lines, "}"])


REFERENCES = {
    key: Reference(key, **entry)
    for key, entry in tomllib.loads(Path(__file__).with_name("references.toml").read_text("utf-8")).items()
}
"""By key, from the file beside this one. What is added at run time is known in that run alone."""


def add_reference(added: Reference) -> None:
    """Make known what a model or scheme from elsewhere cites; a second, different reference of one key is refused."""
    present = REFERENCES.setdefault(added.key, added)
    if present != added:
        raise InputError(f"two references bear the key {added.key!r}: {present.text()} and {added.text()} Rename one.")


def reference(key: str) -> Reference:
    """The reference a key stands for.

    Raises
    ------
    InputError
        When nothing bears the key.
    """
    if key not in REFERENCES:
        raise unknown_name("reference", key, REFERENCES)
    return REFERENCES[key]


def bibliography(keys: Iterable[str], style: str = "text") -> list[str]:
    """References in the order of their first mention, each once.

    Parameters
    ----------
    keys : iterable of str
        Reference keys, repeats allowed.
    style : {"text", "bibtex"}
        How to print each.
    """
    if style not in ("text", "bibtex"):
        raise unknown_name("citation style", style, ("text", "bibtex"))
    return [getattr(reference(key), style)() for key in dict.fromkeys(keys)]
