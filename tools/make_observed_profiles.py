"""Make the embedded table of observed soil carbon layers from ISRaD.

Run from the project's root::

    SOILCUE_DATA=/path/to/data python tools/make_observed_profiles.py [--output FILE]

Organic carbon is in percent and bulk density in g cm-3 in the original. Bulk density there is fine earth per volume of
soil, coarse fragments already taken out: the soil carbon stocks that studies report in it equal percent x bulk density
x thickness (median ratio 1.000 over 1,739 layers).
"""

from __future__ import annotations

import argparse
import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
from catalogue import PACKAGE_DATA, original

PROFILE_KEY = ["entry_name", "site_name", "pro_name"]
MOST_CARBON = 65.0  # percent; charred or mistyped above: the richest organic compounds of soils hold 60 to 65 %
BULK_DENSITY_LIMITS = (0.005, 2.2)  # g cm-3; loosest moss to densest fragipan
MOST_CARBON_DENSITY = 0.2  # g carbon per cm3, twice that of the densest peats


def make_observed_profiles() -> tuple[pd.DataFrame, list[str]]:
    """Layers with organic carbon, and the lines that say what was dropped and why."""
    folder, edition = "israd_vonfromm2024", "ISRaD_extra_2023-02-08"
    layers = pd.read_csv(original(folder, f"{edition}_layer.csv.gz"), low_memory=False)
    profiles = pd.read_csv(original(folder, f"{edition}_profile.csv.gz"), low_memory=False)
    entries = pd.read_csv(original(folder, f"{edition}_metadata.csv.gz"), low_memory=False)

    layers = layers.merge(
        profiles[
            [*PROFILE_KEY, "pro_lat", "pro_long", "pro_treatment", "pro_peatland", "pro_permafrost", "pro_land_cover"]
        ],
        on=PROFILE_KEY,
        how="left",
        validate="many_to_one",
    ).merge(entries[["entry_name", "doi"]].drop_duplicates("entry_name"), on="entry_name", validate="many_to_one")

    counts = [f"{len(layers)} layers in the original"]

    def keep(table: pd.DataFrame, wanted: pd.Series, reason: str) -> pd.DataFrame:
        counts.append(f"{int((~wanted).sum())} dropped: {reason}")
        return table[wanted]

    layers = keep(layers, layers["lyr_c_org_filled"].notna(), "no organic carbon (dated or described only)")
    layers = keep(layers, np.isfinite(layers["lyr_top"]) & np.isfinite(layers["lyr_bot"]), "no depth of top or bottom")
    layers = keep(layers, layers["lyr_bot"] > layers["lyr_top"], "no thickness (a sample at one depth)")
    layers = keep(layers, layers["pro_treatment"] == "control", "manipulated plots (warmed, fertilised, burnt, ...)")
    carbon = layers["lyr_c_org_filled"]
    layers = keep(layers, carbon >= 0, "organic carbon below zero (more carbonate than total carbon)")
    layers = keep(layers, layers["lyr_c_org_filled"] <= MOST_CARBON, f"organic carbon above {MOST_CARBON:g} percent")

    density, carbon = layers["lyr_bd_samp_filled"], layers["lyr_c_org_filled"]
    plausible = density.between(*BULK_DENSITY_LIMITS) & (density * carbon / 100 <= MOST_CARBON_DENSITY)
    counts.append(
        f"{int((density.notna() & ~plausible).sum())} bulk densities emptied: outside "
        f"{BULK_DENSITY_LIMITS[0] * 1000:g} to {BULK_DENSITY_LIMITS[1] * 1000:g} kg m-3, or more than "
        f"{MOST_CARBON_DENSITY * 1000:g} kg carbon per m3"
    )
    density = density.where(plausible)

    layers = layers.assign(density=density).sort_values(
        [*PROFILE_KEY, "lyr_top", "lyr_bot", "lyr_name"], kind="stable", ignore_index=True
    )
    table = pd.DataFrame(
        {
            "profile": layers.groupby(PROFILE_KEY, sort=False).ngroup() + 1,
            "latitude": layers["pro_lat"].round(4),
            "longitude": layers["pro_long"].round(4),
            "top_cm": layers["lyr_top"].round(2),
            "bottom_cm": layers["lyr_bot"].round(2),
            "organic_carbon": (layers["lyr_c_org_filled"] * 10).round(3),
            "bulk_density": (layers["density"] * 1000).round(1),
            "land_cover": layers["pro_land_cover"],
            "peatland": (layers["pro_peatland"] == "yes").astype(int),
            "permafrost": (layers["pro_permafrost"] == "yes").astype(int),
            "entry": layers["entry_name"],
            "doi": layers["doi"],
        }
    )
    counts.append(
        f"{len(table)} layers of {table['profile'].nunique()} profiles kept, "
        f"{int(table['bulk_density'].notna().sum())} with measured bulk density, "
        f"{int((table['top_cm'] < 0).sum())} of organic horizons above the mineral soil"
    )
    return table, counts


def header(counts: list[str]) -> str:
    """Comment lines that stand before the table."""
    lines = [
        "Observed soil carbon by layer",
        "Source: ISRaD extra 2023-02-08 (Lawrence et al. 2020, Earth System Science Data 12, 61-76, "
        "doi:10.5194/essd-12-61-2020) as distributed with von Fromm et al. 2024, Global Change Biology, "
        "doi:10.1111/gcb.17320; SophievF/Global_SOC_Abundance_Persistence, commit 88eef76. Licence: Apache-2.0",
        "Made by tools/make_observed_profiles.py",
        "profile: number; latitude, longitude: degrees; top_cm, bottom_cm: cm below the mineral surface, organic "
        "horizons above it negative",
        "In peat and other soils without mineral surface (flag lyr_all_org_neg in the original; none of their layers "
        "with carbon has a negative depth) zero is the surface of the peat. Depths are as recorded",
        "organic_carbon: g carbon per kg fine earth (percent x 10; measured, or total minus carbonate carbon)",
        "bulk_density: kg fine earth per m3 of soil (g cm-3 x 1000); empty where not measured",
        "land_cover, peatland, permafrost: as recorded, empty land cover where not; entry: name of the ISRaD entry; "
        "doi: of the study (entry and DOI are the key to its metadata)",
        *counts,
    ]
    return "".join(f"# {line}\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PACKAGE_DATA / "observed_profiles.csv.gz")
    output = parser.parse_args().output
    table, counts = make_observed_profiles()
    text = io.StringIO()
    text.write(header(counts))
    table.to_csv(text, index=False, lineterminator="\n")
    # No time and no file name inside, so that the same originals give the same bytes.
    with output.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.getvalue().encode("utf-8"))
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB")
    print("\n".join(f"  {line}" for line in counts))


if __name__ == "__main__":
    main()
