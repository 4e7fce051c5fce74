"""Readers of published tables, one file a set; found by scanning this folder."""

from soilcue.core.registry import Registry
from soilcue.records.reader import Reader

READERS: Registry[Reader] = Registry("set of records", "soilcue.records.readers", "soilcue.record_readers")
