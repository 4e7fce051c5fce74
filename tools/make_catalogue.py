"""Make catalogue_files.csv: size, checksum and origin of every file of the public data sets.

Reads the folders below SOILCUE_DATA that catalogue.toml names. Where clones of the repositories are at hand, each file
is looked for in them by the checksum that git keeps; a file that is there byte for byte, or but for packing with gzip
or other line ends, gets its place noted. Without clones the places noted before are kept for files that did not change.

    python tools/make_catalogue.py [--clones FOLDER] [--output FILE]

FOLDER holds a clone, bare or not, of each repository, as OWNER+NAME or OWNER+NAME/repo.
"""

import argparse
import csv
import gzip
import hashlib
import os
import subprocess
import tomllib
from pathlib import Path

from catalogue import PACKAGE_DATA

COLUMNS = ("set", "file", "bytes", "sha256", "origin", "difference")
DIFFERENCES = {
    "": lambda content: content,
    "gzip": gzip.decompress,
    "line ends": lambda content: content.replace(b"\n", b"\r"),
}


def origins(clones: Path, repositories: list[str]) -> dict[str, str]:
    """For git's checksum of every file of the repositories, at their commits, where it is: ``owner/name:path``."""
    found = {}
    for text in repositories:
        name, commit = text.split("@")
        folder = clones / name.replace("/", "+")
        places = [
            p for p in (folder / "repo/.git", folder / "repo", folder / ".git", folder) if (p / "objects").is_dir()
        ]
        if not places:
            continue
        command = ["git", "-c", "safe.directory=*", "--git-dir", places[0], "ls-tree", "-r", "-z", commit]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for line in filter(None, listed.split("\0")):
            entry, path = line.split("\t", 1)
            checksum = entry.split()[2]
            # of several copies in one repository the one least deep
            if checksum not in found or path.count("/") < found[checksum].count("/") - name.count("/"):
                found[checksum] = f"{name}:{path}"
    return found


def origin(content: bytes, packed: bool, known: dict[str, str]) -> tuple[str, str]:
    """Where a file is in the repositories, and in what it differs; nothing where it is no plain copy."""
    for difference, undone in DIFFERENCES.items():
        if (difference == "gzip") and not packed:
            continue
        original = undone(content)
        place = known.get(hashlib.sha1(b"blob %d\0" % len(original) + original).hexdigest())
        if place:
            return place, difference
    return "", ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clones", type=Path)
    parser.add_argument("--output", type=Path, default=PACKAGE_DATA / "catalogue_files.csv")
    options = parser.parse_args()
    root = os.environ.get("SOILCUE_DATA")
    if not root:
        raise SystemExit("SOILCUE_DATA is not set: name the folder that holds the public data sets.")
    sets = tomllib.loads((PACKAGE_DATA / "catalogue.toml").read_text(encoding="utf-8"))
    before = {}
    present = PACKAGE_DATA / "catalogue_files.csv"
    if present.exists():
        with present.open(encoding="utf-8", newline="") as file:
            before = {(row["set"], row["file"], row["sha256"]): row for row in csv.DictReader(file)}
    with options.output.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for name, entry in sets.items():
            folder = Path(root, name)
            if not folder.is_dir():
                raise SystemExit(f"{folder} is not there: it is needed to make the catalogue.")
            known = origins(options.clones, entry["from"]) if options.clones else {}
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                content, inside = path.read_bytes(), path.relative_to(folder).as_posix()
                checksum = hashlib.sha256(content).hexdigest()
                old = before.get((name, inside, checksum))
                place = origin(content, path.suffix == ".gz", known)
                if not place[0] and old:
                    place = old["origin"], old["difference"]
                table.writerow((name, inside, len(content), checksum, *place))


if __name__ == "__main__":
    main()
