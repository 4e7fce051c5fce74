"""Growth yield that energy allows, from the degree of reduction of the substrate: an upper limit, not a measurement."""

from collections.abc import Mapping
from typing import Any, ClassVar

from soilcue.measure.columns import Choice, Column, Counted, Quantity
from soilcue.measure.method import Method, array_module
from soilcue.measure.methods import METHODS

BIOMASS_REDUCTION = 4.2
ACCEPTORS = {
    "oxygen": -122.725,
    "manganese": -120.03,
    "ferrihydrite": -100.0,
    "goethite": -75.58,
    "sulfate": -24.04,
}
"""Free energy of reduction per electron, kJ mol-1, standard conditions (Chakrawal et al. 2022)."""

_CHAKRAWAL, _TEEM, _KLEEREBEZEM = {"theory": "chakrawal"}, {"theory": "mccarty"}, {"theory": "kleerebezem"}


def oxidation_energy(reduction: Any) -> Any:
    """Free energy of oxidising a carbon, kJ mol-1, by its degree of reduction (Chakrawal et al. 2022)."""
    return 60.3 - 28.5 * (4 - reduction)


def growth_energy(reduction: Any) -> Any:
    """Free energy of growth per carbon of biomass, kJ mol-1 (Heijnen and van Dijken 1992, in Chakrawal et al. 2022)."""
    xp = array_module((reduction,))
    return xp.where(reduction < 4.67, -(666.7 / reduction + 243.1), -(157 * reduction - 339))


def chakrawal_yield(reduction: Any, acceptor_energy: Any) -> Any:
    """Carbon of biomass per carbon of substrate (Chakrawal et al. 2022), ammonium as nitrogen source.

    Parameters
    ----------
    reduction : float or array
        Degree of reduction of the substrate.
    acceptor_energy : float or array
        Free energy of reduction of the electron acceptor, kJ per mol of electrons.
    """
    aerobic = ACCEPTORS["oxygen"]
    combustion = oxidation_energy(reduction) + reduction * aerobic
    combustion_of_biomass = oxidation_energy(BIOMASS_REDUCTION) + BIOMASS_REDUCTION * aerobic
    ratio = BIOMASS_REDUCTION / reduction
    anabolic = ratio * combustion - combustion_of_biomass
    catabolic = oxidation_energy(reduction) + reduction * acceptor_energy
    return catabolic / (growth_energy(reduction) - anabolic + ratio * catabolic)


def dissipation(carbons: Any, reduction: Any) -> Any:
    """Free energy dissipated per carbon of biomass, kJ mol-1 (Heijnen and van Dijken 1992; Kleerebezem 2010).

    Parameters
    ----------
    carbons : float or array
        Length of the carbon chain of the donor.
    reduction : float or array
        Its degree of reduction.
    """
    xp = array_module((carbons, reduction))
    uneven = ((3.8 - reduction) ** 2) ** 0.16 * (3.6 + 0.4 * carbons)
    return 200 + 18 * (6 - carbons) ** 1.8 + xp.exp(uneven)


def mccarty_yield(donor_energy: Any, nitrogen_energy: Any, efficiency: Any) -> tuple[Any, Any]:
    """Electrons respired per electron in biomass, and the share in biomass, by TEEM1 (McCarty 2007).

    Parameters
    ----------
    donor_energy : float or array
        Free energy of the donor's half reaction, kJ per electron equivalent.
    nitrogen_energy : float or array
        Free energy from the intermediate to cells, kJ per electron equivalent (18.8 for ammonium).
    efficiency : float or array
        Of energy transfer.
    """
    xp = array_module((donor_energy, nitrogen_energy, efficiency))
    to_intermediate = 35.09 - donor_energy
    spent = xp.where(to_intermediate > 0, to_intermediate / efficiency, to_intermediate * efficiency)
    respired = -(spent + nitrogen_energy / efficiency) / (efficiency * (-78.72 - donor_energy))
    return respired, 1 / (1 + respired)


class ThermodynamicYield(Method):
    """Yield from the degree of reduction or the free energy of the substrate."""

    name = "thermodynamic_yield"
    title = "thermodynamic yield"
    level = "potential"
    equation = (
        "Y = dG_cat/(dG_rX - dG_ana + (gamma_B/gamma_S) dG_cat) (chakrawal); Y = 1/(lambda nu_cat + nu_an), lambda = "
        "(dG_an + dG_dis)/(-dG_cat) (kleerebezem); f_s = 1/(1 + A), Y = f_s gamma_S/gamma_B (mccarty)"
    )
    references = ("chakrawal2022", "heijnen1992", "kleerebezem2010", "mccarty2007")
    includes: ClassVar[Mapping[str, Counted]] = {
        "growth_respiration": Counted("implied", "what energy asks for"),
        "maintenance": Counted("no", "growth alone"),
        "overflow": Counted("no", "growth alone"),
        "exudation": Counted("no", "growth alone"),
        "mortality": Counted("no", "growth alone"),
        "recycling": Counted("no", "growth alone"),
        "native_carbon": Counted("no", "the substrate given"),
    }
    columns = (
        Column(
            "substrate_reduction",
            "1",
            0.5,
            8.0,
            "degree of reduction of the substrate, electrons per carbon (4 - oxidation state)",
            4.0,
            only_if={"theory": ("chakrawal", "kleerebezem", "mccarty")},
            mend="Organic acids have about 3, sugars 4, lipids 5 to 6, methane 8.",
        ),
        Column(
            "acceptor_energy",
            "kJ mol-1",
            -200.0,
            -1.0,
            "free energy of reduction per electron of the acceptor",
            -122.725,
            only_if={**_CHAKRAWAL, "acceptor": "given"},
        ),
        Column("carbons", "1", 1.0, 6.0, "carbon atoms of the donor (6 for more)", 6.0, only_if=_KLEEREBEZEM),
        Column(
            "catabolic_energy", "kJ mol-1", -5000.0, -1.0, "of the catabolic reaction", -2843.0, only_if=_KLEEREBEZEM
        ),
        Column("anabolic_energy", "kJ mol-1", -2000.0, 2000.0, "per carbon of biomass", -25.0, only_if=_KLEEREBEZEM),
        Column(
            "donor_catabolic",
            "1",
            0.0,
            100.0,
            "donor carbon used by the catabolic reaction",
            6.0,
            positive=True,
            only_if=_KLEEREBEZEM,
        ),
        Column(
            "donor_anabolic", "1", 0.0, 100.0, "donor carbon per carbon of biomass made", 1.05, only_if=_KLEEREBEZEM
        ),
        Column(
            "donor_energy", "kJ mol-1", -50.0, 60.0, "half reaction of the donor, per electron", 41.35, only_if=_TEEM
        ),
        Column(
            "transfer_efficiency",
            "1",
            0.2,
            0.9,
            "efficiency of energy transfer",
            0.6,
            required=False,
            default=0.6,
            source="McCarty 2007",
            systematic=True,
            only_if=_TEEM,
        ),
        Column(
            "nitrogen_energy",
            "kJ mol-1",
            0.0,
            60.0,
            "from the intermediate to cells, per electron",
            18.8,
            required=False,
            default=18.8,
            source="ammonium (McCarty 2007)",
            systematic=True,
            only_if=_TEEM,
        ),
        Column(
            "biomass_reduction",
            "1",
            3.5,
            5.2,
            "degree of reduction of biomass, electrons per carbon",
            4.0,
            required=False,
            default=4.0,
            source="C5H7O2N, as in McCarty 2007",
            systematic=True,
            only_if=_TEEM,
            mend="Biomass has 4.0 to 4.8; 6 belongs to ethanol, not to microbes.",
        ),
    )
    choices = (
        Choice(
            "theory",
            "how energy becomes yield",
            {
                "chakrawal": "from the degree of reduction (Chakrawal et al. 2022)",
                "kleerebezem": "dissipation (Heijnen; Kleerebezem and Van Loosdrecht 2010)",
                "mccarty": "electron equivalents, TEEM1 (McCarty 2007)",
            },
            "chakrawal",
        ),
        Choice(
            "acceptor",
            "electron acceptor, for chakrawal",
            {**{name: f"{energy:g} kJ per electron" for name, energy in ACCEPTORS.items()}, "given": "in the sheet"},
            "oxygen",
        ),
    )
    quantities = (
        Quantity("dissipation", "kJ mol-1", "free energy dissipated per carbon of biomass"),
        Quantity("electrons_to_biomass", "1", "share of the electrons that end in biomass"),
    )
    remarks = ("An upper limit that energy sets; maintenance, turnover and nutrients lower it.",)

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Yield by the theory chosen."""
        v, chosen = self.filled(values), self.chosen(choices)
        if chosen["theory"] == "mccarty":
            _, share = mccarty_yield(v["donor_energy"], v["nitrogen_energy"], v["transfer_efficiency"])
            return {"cue": share * v["substrate_reduction"] / v["biomass_reduction"], "electrons_to_biomass": share}
        if chosen["theory"] == "kleerebezem":
            lost = dissipation(v["carbons"], v["substrate_reduction"])
            times = (v["anabolic_energy"] + lost) / -v["catabolic_energy"]
            return {"cue": 1 / (times * v["donor_catabolic"] + v["donor_anabolic"]), "dissipation": lost}
        energy = v["acceptor_energy"] if chosen["acceptor"] == "given" else ACCEPTORS[chosen["acceptor"]]
        return {"cue": chakrawal_yield(v["substrate_reduction"], energy)}


METHODS.register(ThermodynamicYield.name, ThermodynamicYield())
