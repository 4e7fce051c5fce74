"""`soilcue records`: records of CUE. List and read published tables, check one's own, report on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Records of CUE: published tables, your own, their checks, and a report.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of public data sets; the one SOILCUE_DATA names if not given.")
]


@app.command("list")
def names(data: Data = None, as_json: AsJson = False) -> None:
    """List the tables that can be read: whether they are here, licence, and what to beware of."""
    from soilcue.records import READERS

    readers = [READERS[name] for name in READERS]
    if as_json:
        rows = [
            {
                "set": reader.name,
                "title": reader.about.title,
                "rows": reader.about.rows,
                "here": reader.present(data),
                "embedded": bool(reader.about.embedded),
                "licence": reader.about.licence,
                "folder": reader.folder,
                "references": reader.about.cite,
                "traps": reader.traps,
            }
            for reader in readers
        ]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for reader in readers:
        here = "embedded" if reader.about.embedded else "here" if reader.present(data) else "not here"
        typer.echo(f"{reader.name}: {reader.about.title}")
        for word, text in (("rows", reader.about.rows), ("licence", f"{reader.about.licence}; {here}")):
            typer.echo(f"    {word:<10}{text}")
        for trap in reader.traps:
            typer.echo(f"    {'beware':<10}{trap}")


@app.command()
def read(
    name: Annotated[str, typer.Argument(help="A table of `soilcue records list`.")],
    data: Data = None,
    to: Annotated[Path | None, typer.Option("--to", help="CSV file for the records.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read a published table into records: how many, every kind of flag, and what made no record."""
    from soilcue.core.citing import write_table
    from soilcue.core.references import bibliography
    from soilcue.records import READERS, flat, units

    reader = READERS[name]
    reading = reader.read(data)
    flags = reading.flags()
    if to is not None:
        write_table(reading.table(), to, bibliography(reader.about.cite), title=reader.about.title, units=units())
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "set": name,
                    "records": [flat(record) for record in reading.records],
                    "left_out": [{"place": one.place, "reason": one.reason} for one in reading.left_out],
                },
                indent=1,
                ensure_ascii=False,
            )
        )
        return
    with_cue = sum(record.cueInfo.cue.mean is not None for record in reading.records)
    typer.echo(f"{name}: {len(reading.records):,} records, {with_cue:,} with CUE")
    for (severity, code), rows in flags.groupby(["severity", "code"], sort=True):
        more = f" (and {len(rows) - 1:,} more)" if len(rows) > 1 else ""
        typer.echo(f"    {severity:<12}{len(rows):>6,}  {code}: {rows['id'].iloc[0]}, {rows['reason'].iloc[0]}{more}")
    for one in reading.left_out:
        typer.echo(f"    {'left out':<12}{'':>6}  {one.place}: {one.reason}")
    if to is not None:
        typer.echo(f"data  {to.resolve()}")


@app.command()
def schema(as_json: AsJson = False) -> None:
    """Print the fields of a record: path, kind, unit, identifier in MIxS; as JSON the JSON schema."""
    from soilcue.records import SCHEMA_VERSION, fields, json_schema

    if as_json:
        typer.echo(json.dumps(json_schema(), indent=2))
        return
    typer.echo(f"Records, schema version {SCHEMA_VERSION}: columns of a table, or keys of JSON and YAML at each dot")
    width = max(map(len, fields())) + 2
    for field in fields().values():
        allowed = f"one of {', '.join(field.names)}" if field.names else field.kind
        about = "; ".join(text for text in (field.description, field.unit, allowed, field.mixs) if text)
        typer.echo(f"    {field.path:<{width}}{about}")


@app.command()
def report(
    data: Data = None,
    folder: Annotated[Path, typer.Option(help="Where records.html and records.csv go.")] = Path(),
) -> None:
    """Report on the records at hand, embedded ones included: write records.html and records.csv."""
    from soilcue.core.citing import write_table
    from soilcue.core.files import whole_file
    from soilcue.core.references import bibliography
    from soilcue.records import at_hand, records_table, units
    from soilcue.report.records_page import records_page, reference_keys, summary_lines

    page, table = folder / "records.html", folder / "records.csv"
    with whole_file(page) as beside:
        readings = at_hand(data)
        records_page(readings, beside)
        every = records_table([record for reading in readings for record in reading.records])
        write_table(every, table, bibliography(reference_keys(readings)), title="Records of CUE", units=units())
    for line in summary_lines(readings):
        typer.echo(line)
    typer.echo(f"data  {table.resolve()}")
    typer.echo(f"page  {page.resolve()}")
