"""Records of CUE: a schema, readers of published tables, checks, common constants, and means by study."""

from soilcue.records.checks import checked
from soilcue.records.constants import Constants, recompute
from soilcue.records.files import check_file, read_own
from soilcue.records.groups import refuse_mixture, study_means
from soilcue.records.measured import records_of_samples, records_of_sheet
from soilcue.records.reader import flag_table, records_table
from soilcue.records.readers import READERS
from soilcue.records.schema import SCHEMA_VERSION, Record, fields, flat, json_schema, units
from soilcue.records.table import at_hand, embedded, table

__all__ = [
    "READERS",
    "SCHEMA_VERSION",
    "Constants",
    "Record",
    "at_hand",
    "check_file",
    "checked",
    "embedded",
    "fields",
    "flag_table",
    "flat",
    "json_schema",
    "read_own",
    "recompute",
    "records_of_samples",
    "records_of_sheet",
    "records_table",
    "refuse_mixture",
    "study_means",
    "table",
    "units",
]
