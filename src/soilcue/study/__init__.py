"""Studies: a YAML file that says what to run and what to keep, read with all its problems told at once, and run.

A study is written by hand (`soilcue init` writes one to start from), checked (`read_study`), laid out as a list of
runs (`plan_of`), and run (`run_study`). What is finished is not done again: a run bears a checksum of all it depends
on.
"""

from soilcue.study.plan import Plan, Run, plan_of
from soilcue.study.reading import read_study
from soilcue.study.running import Finished, run_study
from soilcue.study.schema import Study, json_schema

__all__ = ["Finished", "Plan", "Run", "Study", "json_schema", "plan_of", "read_study", "run_study"]
