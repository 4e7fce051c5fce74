"""Records of CUE: a schema, readers of published tables, checks, common constants, and means by study."""

from soilcue.records.checks import checked
from soilcue.records.reader import flag_table, records_table
from soilcue.records.readers import READERS
from soilcue.records.schema import SCHEMA_VERSION, Record, fields, flat, json_schema
from soilcue.records.table import embedded, table

__all__ = [
    "READERS",
    "SCHEMA_VERSION",
    "Record",
    "checked",
    "embedded",
    "fields",
    "flag_table",
    "flat",
    "json_schema",
    "records_table",
    "table",
]
