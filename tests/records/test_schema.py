"""The record: what it takes and refuses, that nothing is filled in, and that its JSON schema says the same."""

import json
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from soilcue.measure.columns import HOW
from soilcue.records import SCHEMA_VERSION, Record, fields, flat, json_schema
from soilcue.records.schema import LAND_COVERS, Includes, nested
from soilcue.records.table import flags_of, records_of

FIELDS = fields()
TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}


def complaints(value, schema, root, place="record"):
    """What a JSON schema has against a value: the part of the standard that the schema of a record uses."""
    if "$ref" in schema:
        yield from complaints(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, place)
        return
    if "anyOf" in schema:
        if all(list(complaints(value, one, root, place)) for one in schema["anyOf"]):
            yield f"{place}: {value!r} fits none of {schema['anyOf']}"
        return
    known = {"type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength"}
    known |= {"properties", "additionalProperties", "required", "items", "title", "description", "default", "$defs"}
    assert set(schema) <= known | {"$schema", "unit", "mixs", "meanings"}, (
        f"the test does not know {set(schema) - known}"
    )
    kind = schema.get("type")
    if kind in ("number", "integer"):
        right = isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)
    else:
        right = kind is None or isinstance(value, TYPES[kind])
    if not right:
        yield f"{place}: {value!r} is no {kind}"
        return
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        yield f"{place}: {value!r} is not allowed"
    if isinstance(value, int | float):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
        if not (
            low <= value <= high and (value > above or above == -math.inf) and (value < below or below == math.inf)
        ):
            yield f"{place}: {value!r} is out of bounds"
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        yield f"{place}: too short"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                yield f"{place}: {name} is missing"
        for name, inner in value.items():
            inside = schema.get("properties", {}).get(name, schema.get("additionalProperties", True))
            if inside is False:
                yield f"{place}: {name} is unknown"
            elif inside is not True:
                yield from complaints(inner, inside, root, f"{place}.{name}")
    if isinstance(value, list) and "items" in schema:
        for i, inner in enumerate(value):
            yield from complaints(inner, schema["items"], root, f"{place}[{i}]")


def value_of(field):
    """Values that a field allows, inside its bounds."""
    part = json_schema()
    for name in field.path.split("."):
        while "$ref" in part or "properties" not in part:
            part = json_schema()["$defs"][part["$ref"].rpartition("/")[2]]
        part = part["properties"][name]
    plain = next((one for one in part.get("anyOf", [part]) if one.get("type") != "null"), part)
    low = plain.get("minimum", plain.get("exclusiveMinimum", -1e6))
    high = plain.get("maximum", plain.get("exclusiveMaximum", 1e6))
    if field.path == "schemaVersion":
        return st.just("1.0")
    if field.names:
        return st.sampled_from(field.names)
    if field.kind == "number":
        return st.floats(low, high, exclude_min="exclusiveMinimum" in plain, exclude_max="exclusiveMaximum" in plain)
    if field.kind == "whole number":
        return st.integers(int(max(low, 1)), 1000)
    if field.kind == "yes or no":
        return st.booleans()
    return st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)


CHOSEN = [
    "doi",
    "siteInfo.coordinates.latitude",
    "siteInfo.landCover",
    "siteInfo.permafrost.permafrostExist",
    "incubationInfo.temperature",
    "incubationInfo.replicates.value",
    "incubationInfo.anaerobic",
    "initConditions.pH",
    "cueInfo.level",
    "cueInfo.includes.maintenance",
    "cueInfo.conversions.kEC",
    "cueInfo.conversions.isotopeStandard",
    "cueInfo.growth.sd",
    "cueInfo.cue.mean",
    "cueInfo.cue.n",
]
some_records = st.fixed_dictionaries({"id": value_of(FIELDS["id"])}, optional={p: value_of(FIELDS[p]) for p in CHOSEN})


@settings(max_examples=60, deadline=None)
@given(some_records)
def test_a_record_survives_json_and_a_flat_row_and_fits_the_json_schema(values):
    record = Record.model_validate(nested(values))
    assert {name: value for name, value in flat(record).items() if name != "schemaVersion"} == values
    assert Record.model_validate_json(record.model_dump_json()) == record
    assert list(complaints(json.loads(record.model_dump_json()), SCHEMA, SCHEMA)) == []
    text = {name: str(value) for name, value in flat(record).items()}
    assert records_of([text]) == [record]


SCHEMA = json_schema()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("siteInfo.coordinates.latitude", 91),
        ("siteInfo.coordinates.latitude", "north"),
        ("siteInfo.landCover", "woods"),
        ("siteInfo.color", "brown"),
        ("initConditions.pH", 15),
        ("cueInfo.cue.n", 0),
        ("cueInfo.cue.sd", -0.1),
        ("cueInfo.conversions.kEC", 0),
        ("cueInfo.conversions.oxygenFromWater", 1.2),
        ("cueInfo.level", "potential energy"),
        ("cueInfo.includes.enzymes", "maybe"),
        ("schemaVersion", "0.9"),
        ("id", ""),
    ],
)
def test_both_schemas_refuse_the_same(path, value):
    wrong = nested({"id": "a", path: value})
    with pytest.raises(ValidationError):
        Record.model_validate(wrong)
    assert list(complaints(wrong, SCHEMA, SCHEMA))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_are_finite(value):
    with pytest.raises(ValidationError):
        Record.model_validate(nested({"id": "a", "cueInfo.cue.mean": value}))


def test_nothing_is_filled_in():
    assert flat(Record(id="a")) == {"schemaVersion": SCHEMA_VERSION, "id": "a"}
    for path, field in FIELDS.items():
        if path not in ("id", "schemaVersion"):
            assert path not in flat(Record(id="a"))
        assert field.description, path
        assert not field.mixs or re.fullmatch(r"MIXS:\d{7} \w+", field.mixs)


def test_keys_of_sidb_are_kept():
    sidb = {
        "citationKey",
        "doi",
        "entryAuthor",
        "siteInfo.coordinates.latitude",
        "siteInfo.landCover",
        "siteInfo.soilTaxonomy.soilOrder",
        "siteInfo.permafrost.permafrostExist",
        "incubationInfo.depthInfo.midDepth",
        "incubationInfo.moisture.units",
        "incubationInfo.preincubationTime",
        "incubationInfo.samplePreparation.rootPicking",
        "incubationInfo.gasAnalyzer",
        "initConditions.percentClay",
    }
    assert sidb <= set(FIELDS)
    assert set(LAND_COVERS) >= {"bare", "cultivated", "forest", "rangeland/grassland", "shrubland", "tundra"}


def test_what_a_record_includes_uses_the_words_of_the_methods():
    for name in Includes.model_fields:
        assert FIELDS[f"cueInfo.includes.{name}"].names == tuple(HOW)


def test_land_covers_have_their_biome_in_envo():
    cover = SCHEMA["$defs"]["SiteInfo"]["properties"]["landCover"]["anyOf"][0]
    assert cover["enum"] == list(LAND_COVERS)
    assert cover["meanings"]["forest"] == "forest biome [ENVO:01000174]"
    assert all(re.fullmatch(r"([a-z ]+ \[ENVO:\d{8}\])?", term) for term in cover["meanings"].values())


def test_flags_survive_a_row():
    record = Record(id="a").flagged("one", "note", "first: with a colon").flagged("two", "impossible", "second")
    assert flags_of(flat(record)["flags"]) == record.flags
    assert record.impossible
    assert not Record(id="a").impossible
