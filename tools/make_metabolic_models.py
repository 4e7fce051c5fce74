"""Make the embedded metabolic models: two openly licensed ones in soilcue's compact container.

Run from the project's root::

    SOILCUE_DATA=/path/to/data python tools/make_metabolic_models.py [--folder FOLDER]

Read and repaired by `soilcue.genomes.reading`; identifiers, formulas, stoichiometry, bounds and objective are kept,
genes, notes and annotations are not.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from catalogue import PACKAGE_DATA, original

from soilcue.genomes.metabolic_model import packed
from soilcue.genomes.reading import read_model

# our name: file of the catalogue's folder "gems"
MODELS = {
    "azotobacter_vinelandii": "iDT1278.xml.gz",  # BioModels MODEL2204190001, CC0
    "pseudomonas_aeruginosa": "carveme_paer.xml.gz",  # carveme 1.6.6, Apache-2.0
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=PACKAGE_DATA / "metabolic_models")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in MODELS.items():
        model, _ = read_model(original("gems", file))
        (folder / f"{name}.npz").write_bytes(packed(model))
        print(f"{folder / name}.npz: {len(model.reactions):,} reactions")


if __name__ == "__main__":
    main()
