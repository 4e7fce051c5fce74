"""`soilcue records`: records of CUE. List and read published tables, check one's own, report on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from soilcue.core.errors import InputError

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
    flag: Annotated[str | None, typer.Option(help="List every record with this flag, or 'all'.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read a published table into records: how many, every kind of flag, and what made no record."""
    from soilcue.core.citing import write_table
    from soilcue.core.errors import unknown_name
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
    if flag is not None:
        chosen = flags if flag == "all" else flags[flags["code"] == flag]
        if chosen.empty:
            raise unknown_name("flag", flag, ["all", *flags["code"].unique()])
        for _, row in chosen.iterrows():
            typer.echo(f"{row['severity']:<12}{row['code']:<18}{row['id']}: {row['reason']}")
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
def check(
    file: Annotated[
        Path, typer.Argument(help="CSV, Excel (.xlsx), JSON or YAML; `soilcue records schema` lists fields.")
    ],
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="CSV file for the records, with their flags.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a file of records: every problem at once, with place and mend. Exit code 2 when there are errors."""
    from soilcue.core.citing import write_table
    from soilcue.records import check_file, records_table, units

    found = check_file(file, sheet)
    if as_json:
        printed = {
            "file": str(file),
            "records": len(found.records),
            "errors": [vars(problem) for problem in found.errors],
            "warnings": [vars(problem) for problem in found.warnings],
        }
        typer.echo(json.dumps(printed, indent=2, ensure_ascii=False))
    else:
        for kind, problems in (("error", found.errors), ("warning", found.warnings)):
            for problem in problems:
                typer.echo(f"{kind:<9}{problem}")
        typer.echo(
            f"{file}: {len(found.records):,} records without an error; {len(found.errors):,} errors, "
            f"{len(found.warnings):,} warnings"
        )
    if found.errors:
        raise typer.Exit(2)
    if to is not None:
        write_table(records_table(found.records), to, [], title=f"Records of {file.name}", units=units())
        typer.echo(f"data  {to.resolve()}", err=as_json)


@app.command("from-sheet")
def from_sheet(
    sheet: Annotated[Path, typer.Argument(help="A sheet of raw data that `soilcue measure` reads.")],
    method: Annotated[str | None, typer.Option(help="How it was measured, where the sheet does not say.")] = None,
    page: Annotated[str | None, typer.Option("--sheet", help="Sheet of the workbook that holds the samples.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="name=value for all samples, such as kec=0.45; repeatable.")
    ] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Leave out rows with problems.")] = False,
    to: Annotated[Path, typer.Option("--to", help="CSV file for the records.")] = Path("records.csv"),
) -> None:
    """Make records of a sheet of raw data: CUE, constants and raw values, to be checked, recomputed and shared."""
    from soilcue.commands.measure import named_settings
    from soilcue.core.citing import write_table
    from soilcue.core.references import bibliography
    from soilcue.measure import METHODS
    from soilcue.records import records_of_sheet, units

    if sheet.resolve() == to.resolve():
        raise InputError(f"{sheet}: it would be overwritten by the result. Name another file with --to.")
    reading = records_of_sheet(sheet, method, page, named_settings(settings or []), keep_going)
    cited = [key for name in {r.cueInfo.method or "" for r in reading.records} for key in METHODS[name].references]
    write_table(reading.table(), to, bibliography(cited), title=f"Records of {sheet.name}", units=units())
    typer.echo(f"{len(reading.records):,} records; {len(reading.left_out):,} rows left out")
    for one in reading.left_out:
        typer.echo(f"    left out  {one.reason}")
    typer.echo(f"data  {to.resolve()}")


@app.command("recompute")
def to_common_constants(
    what: Annotated[str, typer.Argument(help="A table of `soilcue records list`, or a file of records.")],
    kec: Annotated[float | None, typer.Option(help="Share of biomass carbon that fumigation releases.")] = None,
    fdna: Annotated[float | None, typer.Option(help="Microbial carbon per DNA, g per g.")] = None,
    oxygen_from_water: Annotated[
        float | None, typer.Option(help="Share of DNA's oxygen that comes from water.")
    ] = None,
    water: Annotated[
        str | None, typer.Option(help="What DNA is divided by: excess over natural water, or atom-percent.")
    ] = None,
    isotope_standard: Annotated[float | None, typer.Option(help="13C/12C of the standard of delta values.")] = None,
    data: Data = None,
    to: Annotated[Path, typer.Option("--to", help="CSV file for the result.")] = Path("recomputed.csv"),
) -> None:
    """Bring records to common constants: how each moves, and why one cannot be moved."""
    from soilcue.core.citing import write_table
    from soilcue.core.errors import unknown_name
    from soilcue.core.references import bibliography
    from soilcue.records import READERS, Constants, read_own, recompute

    if water not in (None, "excess", "atom-percent"):
        raise unknown_name("divisor", water, ("excess", "atom-percent"))
    constants = Constants(kec, fdna, oxygen_from_water, None if water is None else water == "excess", isotope_standard)
    known = what in list(READERS)
    own = not known and Path(what).exists()
    if not known and not own and Path(what).suffix:
        raise InputError(f"{what}: there is no such file, nor a table of that name (soilcue records list).")
    reading = read_own(what) if own else READERS[what].read(data)
    table = recompute(reading.records, constants)
    cited = bibliography(READERS[what].about.cite) if known else []
    write_table(table, to, cited, title=f"{what} at common constants")
    for name in constants.named():
        counts = ", ".join(f"{count:,} {status}" for status, count in table[name].value_counts().items())
        typer.echo(f"{name}: {counts}")
    moved = table[table["shift"] != 0]
    if len(moved):
        typer.echo(
            f"{len(moved):,} of {len(table):,} records move, by {moved['shift'].min():+.3f} to "
            f"{moved['shift'].max():+.3f} (mean {moved['shift'].mean():+.3f})"
        )
    for reason, count in table.loc[table["reason"] != "", "reason"].value_counts().items():
        typer.echo(f"    {count:,} not: {reason}")
    typer.echo(f"data  {to.resolve()}")


@app.command()
def report(
    files: Annotated[list[Path] | None, typer.Argument(help="Files of your own records, beside the tables.")] = None,
    data: Data = None,
    alone: Annotated[bool, typer.Option("--alone", help="Only the files named, without any table.")] = False,
    folder: Annotated[Path, typer.Option(help="Where records.html and records.csv go.")] = Path(),
) -> None:
    """Report on the records at hand, embedded ones included: write records.html and records.csv."""
    from soilcue.core.citing import write_table
    from soilcue.core.files import whole_file
    from soilcue.core.references import bibliography
    from soilcue.records import at_hand, read_own, records_table, units
    from soilcue.records.table import with_shared
    from soilcue.report.records_page import records_page, reference_keys, summary_lines

    page, table = folder / "records.html", folder / "records.csv"
    if alone and not files:
        raise InputError("--alone leaves no records: name one or more files of records.")
    for file in files or ():
        if file.resolve() == table.resolve():
            raise InputError(f"{file}: it would be overwritten by the result. Rename it, or name another --folder.")
    with whole_file(page) as beside:
        own = [read_own(file) for file in files or ()]
        readings = with_shared([*([] if alone else at_hand(data)), *own]) if own else at_hand(data)
        records_page(readings, beside)
        every = records_table([record for reading in readings for record in reading.records])
        write_table(every, table, bibliography(reference_keys(readings)), title="Records of CUE", units=units())
    for line in summary_lines(readings):
        typer.echo(line)
    typer.echo(f"data  {table.resolve()}")
    typer.echo(f"page  {page.resolve()}")
