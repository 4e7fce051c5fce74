"""The tables behind Chakrawal et al. (2020): heat, CO2 and substrate used in soils, and yields of cultures.

Bölscher et al. (2016) measured four soils with three substrates; the workbook computes CUE from the energy of the
substrate used and the CO2. It divides all three energies by the enthalpy of glucose, also those of alanine and
glycogen: here CUE is as the workbook has it, and the value with each substrate's own enthalpy stands in the flag.
Smeaton's table holds growth yields of cultures.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soilcue.records.reader import LeftOut, Reader
from soilcue.records.readers import READERS
from soilcue.records.schema import Record

CARBON_MASS = 12.0  # as the workbook has it
ENTHALPY = {"D-Glucose": ("C1", 469.0), "L-Alanine": ("C2", 542.0), "Glycogen": ("C3", 473.5)}
"""Enthalpy of combustion, kJ per mol of carbon, and its cell in the workbook."""

SOILS = {
    "Arable": ("cultivated", 7, 19, 28),
    "Ley": ("rangeland/grassland", 8, 20, 29),
    "Grassland": ("rangeland/grassland", 9, 21, 30),
    "Forest": ("forest", 10, 22, 31),
}
"""Soils: land cover, and rows of energies, of carbon and of yields."""

COLUMNS = {"D-Glucose": ("C", "G", "K"), "L-Alanine": ("D", "H", "L"), "Glycogen": ("E", "I", "M")}
"""Columns of heat or used carbon, of CO2 and of used energy."""


class Chakrawal2020(Reader):
    """12 records of soils and 25 yields of cultures."""

    name = "chakrawal2020"
    folder = "chakrawal2020_calorespirometry"
    files = ("Bolscher2016.xlsx", "Smeaton2018.xlsx")
    traps = (
        "The workbook divides the energy of alanine and glycogen by the enthalpy of glucose (cells D19 to E22 point to "
        "$C$1): with their own, CUE of alanine falls by 0.04 to 0.05 and that of glycogen by 0.001.",
        "CUE is 1 - CO2/substrate used: what is released counts as growth.",
        "Smeaton's workbook links to another that is not there (D1, D2); its right half repeats the left with other "
        "enthalpies.",
        "Means without spread or number of replicates.",
    )

    def rows(self, folder: Path) -> Iterator[Record | LeftOut]:
        """Soils first, cultures after them."""
        from openpyxl import load_workbook

        soils = load_workbook(folder / self.files[0], data_only=True, read_only=False).active
        for soil in SOILS:
            for substrate in COLUMNS:
                yield self._soil(soils, soil, substrate)
        cultures = load_workbook(folder / self.files[1], data_only=True, read_only=False).active
        for line in range(3, cultures.max_row + 1):
            if cultures[f"A{line}"].value is not None:
                yield self._culture(cultures, line)
        yield LeftOut(f"{self.files[1]}, columns L to Q", "19 rows that repeat yields of columns A to H")

    def _soil(self, sheet: Any, soil: str, substrate: str) -> Record:
        cover, energies, carbon, yields = SOILS[soil]
        heat_column, co2_column, used_column = COLUMNS[substrate]
        heat = float(sheet[f"{heat_column}{energies}"].value)
        respiration = float(sheet[f"{co2_column}{energies}"].value) / CARBON_MASS
        energy = float(sheet[f"{used_column}{energies}"].value)
        uptake = float(sheet[f"{heat_column}{carbon}"].value)
        cue = float(sheet[f"{heat_column}{yields}"].value)
        _, enthalpy = ENTHALPY[substrate]
        record = Record.model_validate(
            {
                "id": f"{self.name}:{soil}:{substrate}",
                "dataset": self.name,
                "doi": "10.1007/s00374-016-1097-5",
                "study": "Bölscher et al. 2016",
                "entryNote": f"heat {heat:g} J g-1, substrate used {energy:g} J g-1",
                "siteInfo": {"site": soil, "landCover": cover},
                "cueInfo": {
                    "methodFamily": "mass_balance",
                    "level": "C",
                    "evidence": "derived",
                    "definition": "1 - CO2/substrate used",
                    "includes": {"enzymes": "as growth"},
                    "substrate": substrate,
                    "conversions": {"other": f"enthalpy of combustion {ENTHALPY['D-Glucose'][1]:g} kJ per mol C"},
                    "respiration": {"mean": respiration, "unit": UNIT},
                    "uptake": {"mean": uptake, "unit": UNIT},
                    "cue": {"mean": cue},
                },
            }
        )
        own = 1 - respiration / (1000 * energy / enthalpy)
        if abs(own - cue) > 1e-9:
            record = record.flagged(
                "enthalpy",
                "doubtful",
                f"the workbook divides the energy of {substrate} by the enthalpy of glucose; with its own, "
                f"{enthalpy:g} kJ per mol C, CUE is {own:.4f} and not {cue:.4f}",
            )
        return record

    def _culture(self, sheet: Any, line: int) -> Record:
        substrate, product = sheet[f"B{line}"].value, sheet[f"H{line}"].value
        return Record.model_validate(
            {
                "id": f"{self.name}:culture:{sheet[f'A{line}'].value}",
                "dataset": self.name,
                "study": "Smeaton and Van Cappellen 2018",
                "entryNote": f"catabolic product: {product}" if product else None,
                "cueInfo": {
                    "methodFamily": "batch_growth",
                    "level": "P",
                    "evidence": "measured",
                    "definition": "C-mol biomass per C-mol electron donor",
                    "substrate": substrate,
                    "cue": {"mean": sheet[f"E{line}"].value},
                },
            }
        )


UNIT = "umol C g-1"
READERS.register(Chakrawal2020.name, Chakrawal2020())
