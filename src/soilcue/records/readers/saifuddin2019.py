"""Saifuddin et al. (2019), an early draft of its analysis: CUE of soil bacteria as their metabolic models have it."""

from collections.abc import Iterator
from pathlib import Path

from soilcue.records.reader import LeftOut, Reader, csv_rows
from soilcue.records.readers import READERS
from soilcue.records.schema import Record

PHYLA = {
    "acido": "Acidobacteria",
    "actino": "Actinobacteria",
    "beta": "Betaproteobacteria",
    "plancto": "Planctomycetes",
    "verr": "Verrucomicrobia",
}


class Saifuddin2019(Reader):
    """143 models on a rich medium; no strain was measured."""

    name = "saifuddin2019"
    folder = "saifuddin2019_gem_cue"
    files = ("allconstrainedsummary04252016.csv", "treedata04252016.csv", "CUESummary02292016.csv")
    traps = (
        "Modelled: no measured CUE of these strains exists in the set.",
        "Of the six efficiencies in CUESummary, 'cue' and 'cue3' leave 0 to 1 through errors of accounting and 'cue4' "
        "is negative in four models: only 'Unconstrained' is read.",
        "Columns with uptake of one substrate limited repeat the same models: not read.",
        "No maintenance: CUE is that of growth alone.",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """A record a model, without limits on single substrates."""
        rows = csv_rows(folder / self.files[0])
        known = {row["Unnamed: 0"] for row in csv_rows(folder / self.files[1])}
        for row in rows:
            model = str(row["Unnamed: 0"])
            record = Record.model_validate(
                {
                    "id": f"{self.name}:{model}",
                    "dataset": self.name,
                    "study": "Saifuddin et al. 2019",
                    "siteInfo": {"site": f"{model} ({PHYLA.get(row['Phlya'], row['Phlya'])})"},
                    "cueInfo": {
                        "methodFamily": "genome_model",
                        "level": "P",
                        "evidence": "modelled",
                        "definition": "carbon in biomass/net carbon taken up",
                        "includes": {"maintenance": "no"},
                        "substrate": "all substrates the model takes up",
                        "cue": {"mean": row["Unconstrained"]},
                    },
                }
            )
            if model not in known:
                record = record.flagged("not_in_tree", "note", "without genome traits (not in treedata)")
            yield record
        columns = len(rows[0]) - 3
        yield LeftOut(self.files[0], f"{columns} columns with limited uptake of one substrate: the same models again")
        other = csv_rows(folder / self.files[2])
        for name in ("cue", "cue3", "cue4"):
            outside = [row["name"] for row in other if not 0 <= row[name] <= 1]
            yield LeftOut(
                f"{self.files[2]}, column {name}",
                f"not read: {len(outside)} of {len(other)} models are not between 0 and 1",
            )


READERS.register(Saifuddin2019.name, Saifuddin2019())
