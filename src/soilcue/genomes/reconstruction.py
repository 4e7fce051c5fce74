"""From the proteins of a genome to a metabolic model: an optional step, done by carveme outside soilcue.

carveme (Machado et al. 2018) carves a model out of a universe of reactions: DIAMOND finds which of them the proteins
can catalyse, and a mixed-integer program (SCIP) the best connected subset. Both run as they are, offline; of soilcue is
only how they are called and what is checked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from soilcue.core.errors import InputError
from soilcue.core.files import whole_file

INSTALL = (
    "Install it: pip install carveme, and the program diamond (on Debian: apt-get install diamond-aligner), with the "
    "folders of both on the PATH."
)


def reconstruct(
    proteins: str | os.PathLike[str], output: str | os.PathLike[str], *, gap_fill: str | None = None
) -> Path:
    """A metabolic model of a genome by carveme, in minutes: its solver stops after ten and takes the best it has found.

    Parameters
    ----------
    proteins : path
        Protein sequences of one genome in FASTA.
    output : path
        The model to write: SBML, its name ending in ``.xml``.
    gap_fill : str, optional
        Medium of carveme (``"M9"``, ``"LB"``, ...) on which it shall grow: the fewest further reactions are added that
        let it. Without, what the proteins do not say is missing, and many models do not grow on a mineral medium.

    Returns
    -------
    pathlib.Path
        The file written, for `soilcue.genomes.load`.

    Raises
    ------
    InputError
        Where carveme or diamond is not installed, the file holds no proteins, or no model came out.
    """
    source, target = Path(proteins), Path(output)
    for program in ("carve", "diamond"):
        if shutil.which(program) is None:
            raise InputError(
                f"{source}: models are made of proteins by carveme, whose program {program!r} is not there. {INSTALL}"
            )
    if target.suffix != ".xml":
        raise InputError(f"cannot write {target}: the name of a model that carveme writes must end in .xml.")
    if not source.is_file():
        raise InputError(f"{source}: there is no such file. Give the proteins of one genome in FASTA.")
    if not source.read_bytes()[:1000].lstrip().startswith(b">"):
        raise InputError(f"{source}: is no FASTA: its first line does not begin with '>'.")
    with whole_file(target) as beside, tempfile.TemporaryDirectory() as place:
        # carveme writes beside its input, and takes the model's name from that of its output
        copy, made = Path(place) / f"{target.stem}.faa", Path(place) / target.name
        shutil.copy(source, copy)
        command = ["carve", str(copy), "--fbc2", "--output", str(made)]
        command += ["--gapfill", gap_fill] if gap_fill else []
        ended = subprocess.run(command, capture_output=True, text=True, cwd=place, check=False)
        said = (ended.stdout + ended.stderr).strip().splitlines()
        if not made.is_file():  # it ends with 0 also where it fails
            why = said[-1] if said else f"it ended with {ended.returncode}"
            raise InputError(f"{source}: carveme made no model of it. It said: {why}")
        unknown = [line for line in said if "not in database" in line]
        if unknown:  # it passes over a medium that it does not know, and leaves the gaps
            raise InputError(f"{source}: carveme does not know the medium {gap_fill!r}. It said: {unknown[0]}")
        shutil.copyfile(made, beside)
    return target
