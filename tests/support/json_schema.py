"""Whether a value fits a JSON schema: as much of the standard as the schemas of this project use."""

import re
from typing import Any

KINDS = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}
KNOWN = {"$defs", "$schema", "title", "description", "default", "discriminator"}


def fits(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether the value fits; a word of the standard that is not known here is an error."""
    checks = {
        "$ref": lambda to: fits(value, whole["$defs"][to.rsplit("/", 1)[1]], whole),
        "anyOf": lambda several: any(fits(value, one, whole) for one in several),
        "oneOf": lambda several: sum(fits(value, one, whole) for one in several) == 1,
        "type": lambda kind: KINDS[kind](value),
        "enum": lambda allowed: value in allowed,
        "const": lambda only: value == only,
        "pattern": lambda text: not isinstance(value, str) or re.search(text, value),
        "minimum": lambda low: value >= low,
        "maximum": lambda high: value <= high,
        "minLength": lambda low: not isinstance(value, str) or len(value) >= low,
        "maxLength": lambda high: not isinstance(value, str) or len(value) <= high,
        "minItems": lambda low: not isinstance(value, list) or len(value) >= low,
        "maxItems": lambda high: not isinstance(value, list) or len(value) <= high,
        "required": lambda names: not isinstance(value, dict) or set(names) <= set(value),
        "properties": lambda parts: (
            not isinstance(value, dict) or all(fits(value[n], p, whole) for n, p in parts.items() if n in value)
        ),
        "additionalProperties": lambda more: (
            not isinstance(value, dict)
            or all(more and fits(v, more, whole) for n, v in value.items() if n not in schema.get("properties", {}))
        ),
        "items": lambda one: not isinstance(value, list) or all(fits(v, one, whole) for v in value),
        "prefixItems": lambda several: (
            not isinstance(value, list) or all(fits(v, one, whole) for v, one in zip(value, several, strict=False))
        ),
    }
    assert set(schema) <= {*checks, *KNOWN}, set(schema)
    return all(checks[word](limit) for word, limit in schema.items() if word not in KNOWN)
