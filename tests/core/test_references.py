"""References: text and BibTeX of everything that is cited."""

import re

import pytest

from soilcue.core.errors import InputError
from soilcue.core.references import REFERENCES, Reference, bibliography


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=lambda r: r.key)
def test_reference_is_whole(reference):
    text = reference.text()
    for part in (reference.authors, f"({reference.year})", reference.title, reference.where):
        assert part in text
    assert 1800 < reference.year < 2100
    assert re.fullmatch(r"[a-z_]+\d*[a-z_]*", reference.key)
    if reference.doi:
        assert re.fullmatch(r"10\.\d{4,}/\S+", reference.doi)
        assert text.endswith(f"doi:{reference.doi}")


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=lambda r: r.key)
def test_bibtex_parses_back(reference):
    entry = reference.bibtex()
    assert re.match(rf"@(article|misc)\{{{reference.key},\n", entry)
    assert entry.endswith("\n}")
    assert entry.count("{") == entry.count("}")
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", entry, re.MULTILINE))
    assert fields["title"] == f"{{{reference.title}}}"
    assert fields["year"] == str(reference.year)
    assert fields["author"].split(" and ") == reference.authors.split("; ")
    assert fields.get("doi", "") == reference.doi


def test_no_publication_has_two_keys():
    dois = [reference.doi.lower() for reference in REFERENCES.values() if reference.doi]
    assert sorted(dois) == sorted(set(dois))


def test_bibtex_of_an_article_and_of_a_code():
    article = Reference("a2001", "One, A.; Two, B.", 2001, "On soil", "Soil 1, 2-3", "10.1000/x")
    assert article.bibtex() == (
        "@article{a2001,\n  author = {One, A. and Two, B.},\n  year = {2001},\n  title = {{On soil}},\n"
        "  journal = {Soil 1, 2-3},\n  doi = {10.1000/x},\n}"
    )
    assert Reference("b", "B", 2002, "Code", "a repository").bibtex().startswith("@misc{b,")


def test_each_is_listed_once_in_order_of_first_mention():
    found = bibliography(["sun2021", "he2024", "sun2021"])
    assert found == [REFERENCES["sun2021"].text(), REFERENCES["he2024"].text()]
    assert bibliography(["he2024"], "bibtex") == [REFERENCES["he2024"].bibtex()]


def test_unknown_key_and_style_are_refused():
    with pytest.raises(InputError, match="Did you mean 'he2024'"):
        bibliography(["he2042"])
    with pytest.raises(InputError, match="citation style"):
        bibliography(["he2024"], "apa")
