"""A metabolic model of ten reactions whose CUE can be reckoned by hand, in every format that is read.

Glucose is burnt for 30 ATP, or built in with `cost` ATP each; biomass has the formula of glucose. So of the uptake U
(glucose), the share kept is (30 U - maintenance) / (U (30 + cost)).
"""

import json

import numpy as np

COMPOUNDS = {
    "glc__D_e": ("D-Glucose", "e", "C6H12O6", 0),
    "glc__D_c": ("D-Glucose", "c", "C6H12O6", 0),
    "o2_c": ("O2", "c", "O2", 0),
    "co2_c": ("CO2", "c", "CO2", 0),
    "h2o_c": ("H2O", "c", "H2O", 0),
    "h_c": ("H+", "c", "H", 1),
    "pi_c": ("Phosphate", "c", "HO4P", -2),
    "atp_c": ("ATP", "c", "C10H12N5O13P3", -4),
    "adp_c": ("ADP", "c", "C10H12N5O10P2", -3),
    "thm_e": ("Thiamin", "e", "C12H17N4OS", 1),
    "thm_c": ("Thiamin", "c", "C12H17N4OS", 1),
}
PER_GRAM = 1000 / 180.156
"""mmol of glucose's formula in a gram."""


def toy(cost: float = 15.0, maintenance: float = 0.0, vitamin: float = 0.0, name: str = "toy") -> dict:
    """The model as COBRA's JSON has it; with `vitamin`, biomass needs that much thiamin, which it cannot make."""
    n = PER_GRAM
    reactions = {
        "EX_glc__D_e": ({"glc__D_e": -1}, -10, 1000),
        "EX_o2_e": ({"o2_c": -1}, -1000, 1000),
        "EX_co2_e": ({"co2_c": -1}, -1000, 1000),
        "EX_h2o_e": ({"h2o_c": -1}, -1000, 1000),
        "EX_thm_e": ({"thm_e": -1}, 0, 1000),
        "THMt": ({"thm_e": -1, "thm_c": 1}, 0, 1000),
        "GLCt": ({"glc__D_e": -1, "glc__D_c": 1}, -1000, 1000),
        "BURN": (
            {"glc__D_c": -1, "o2_c": -6, "adp_c": -30, "pi_c": -30, "h_c": -30, "co2_c": 6, "h2o_c": 36, "atp_c": 30},
            0,
            1000,
        ),
        "ATPM": ({"atp_c": -1, "h2o_c": -1, "adp_c": 1, "pi_c": 1, "h_c": 1}, maintenance, 1000),
        "BIOMASS": (
            {
                "glc__D_c": -n,
                "atp_c": -n * cost,
                "h2o_c": -n * cost,
                "adp_c": n * cost,
                "pi_c": n * cost,
                "h_c": n * cost,
                **({"thm_c": -vitamin} if vitamin else {}),
            },
            0,
            1000,
        ),
    }
    return {
        "id": name,
        "metabolites": [
            {"id": key, "name": name, "compartment": place, "formula": formula, "charge": charge}
            for key, (name, place, formula, charge) in COMPOUNDS.items()
        ],
        "reactions": [
            {
                "id": key,
                "name": key,
                "metabolites": {compound: amount for compound, amount in metabolites.items() if amount},
                "lower_bound": low,
                "upper_bound": high,
                "objective_coefficient": float(key == "BIOMASS"),
            }
            for key, (metabolites, low, high) in reactions.items()
        ],
        "genes": [],
    }


def cue_by_hand(cost: float, maintenance: float, glucose: float = 10.0) -> float:
    return (30 * glucose - maintenance) / (glucose * (30 + cost))


def as_json(model: dict) -> bytes:
    return json.dumps(model).encode()


def as_sbml(model: dict, level: int = 3, fbc: int = 2) -> bytes:
    """SBML as files of different years have it: level 2 with bounds in kinetic laws and boundary species, or fbc."""
    species, reactions = [], []
    for one in model["metabolites"]:
        key, place = f"M_{one['id']}", one["compartment"]
        if level == 2:
            notes = (
                '<notes><body xmlns="http://www.w3.org/1999/xhtml">'
                f"<p>FORMULA: {one['formula']}</p><p>CHARGE: {one['charge']}</p></body></notes>"
            )
            species.append(f'<species id="{key}" name="{one["name"]}" compartment="{place}">{notes}</species>')
        else:
            species.append(
                f'<species id="{key}" name="{one["name"]}" compartment="{place}" hasOnlySubstanceUnits="true" '
                f'boundaryCondition="false" constant="false" fbc:charge="{one["charge"]}" '
                f'fbc:chemicalFormula="{one["formula"]}"/>'
            )
    bounds = []
    for number, one in enumerate(model["reactions"]):
        key = f"R_{one['id']}"
        sides = {True: [], False: []}
        for compound, amount in one["metabolites"].items():
            constant = ' constant="true"' if level == 3 else ""
            sides[amount > 0].append(
                f'<speciesReference species="M_{compound}" stoichiometry="{abs(amount)!r}"{constant}/>'
            )
        if level == 2 and len(one["metabolites"]) == 1:
            (compound,) = one["metabolites"]
            outer = f"M_{compound.rsplit('_', 1)[0]}_b"
            species.append(f'<species id="{outer}" compartment="e" boundaryCondition="true"/>')
            sides[True].append(f'<speciesReference species="{outer}" stoichiometry="1"/>')
        parts = "".join(
            f"<{tag}>{''.join(sides[side])}</{tag}>"
            for side, tag in ((False, "listOfReactants"), (True, "listOfProducts"))
            if sides[side]
        )
        low, high = one["lower_bound"], one["upper_bound"]
        if level == 2:
            parameters = {
                "LOWER_BOUND": low,
                "UPPER_BOUND": high,
                "OBJECTIVE_COEFFICIENT": one["objective_coefficient"],
            }
            law = "".join(f'<parameter id="{name}" value="{value!r}"/>' for name, value in parameters.items())
            math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><ci>FLUX_VALUE</ci></math>'
            parts += (
                f'<kineticLaw>{math}<listOfParameters>{law}<parameter id="FLUX_VALUE" value="0"/>'
                "</listOfParameters></kineticLaw>"
            )
            extra = ""
        elif fbc == 2:
            extra = f' fast="false" fbc:lowerFluxBound="low{number}" fbc:upperFluxBound="high{number}"'
            bounds.append(f'<parameter id="low{number}" value="{low!r}" constant="true"/>')
            bounds.append(f'<parameter id="high{number}" value="{high!r}" constant="true"/>')
        else:
            extra = ' fast="false"'
            for word, value in (("greaterEqual", low), ("lessEqual", high)):
                bounds.append(f'<fbc:fluxBound fbc:reaction="{key}" fbc:operation="{word}" fbc:value="{value!r}"/>')
        reversible = "true" if low < 0 else "false"
        reactions.append(
            f'<reaction id="{key}" name="{one["name"]}" reversible="{reversible}"{extra}>{parts}</reaction>'
        )
    places = ("c", "e") if level == 2 else ('c" constant="true', 'e" constant="true')
    compartments = "".join(f'<compartment id="{place}"/>' for place in places)
    body = f"<listOfCompartments>{compartments}</listOfCompartments><listOfSpecies>{''.join(species)}</listOfSpecies>"
    head = 'xmlns="http://www.sbml.org/sbml/level2" level="2" version="1"'
    strict, objective = "", ""
    if level == 3:
        head = (
            'xmlns="http://www.sbml.org/sbml/level3/version1/core" '
            f'xmlns:fbc="http://www.sbml.org/sbml/level3/version1/fbc/version{fbc}" '
            'level="3" version="1" fbc:required="false"'
        )
        strict = ' fbc:strict="true"' if fbc == 2 else ""
        best = next(one["id"] for one in model["reactions"] if one["objective_coefficient"])
        objective = (
            '<fbc:listOfObjectives fbc:activeObjective="o"><fbc:objective fbc:id="o" fbc:type="maximize">'
            f'<fbc:listOfFluxObjectives><fbc:fluxObjective fbc:reaction="R_{best}" fbc:coefficient="1"/>'
            "</fbc:listOfFluxObjectives></fbc:objective></fbc:listOfObjectives>"
        )
        if fbc == 2:
            body += f"<listOfParameters>{''.join(bounds)}</listOfParameters>"
        else:
            objective = f"<fbc:listOfFluxBounds>{''.join(bounds)}</fbc:listOfFluxBounds>{objective}"
    body += f"<listOfReactions>{''.join(reactions)}</listOfReactions>{objective}"
    return f'<?xml version="1.0" encoding="UTF-8"?><sbml {head}><model id="toy"{strict}>{body}</model></sbml>'.encode()


def write_mat(path, model: dict) -> None:
    """As the COBRA toolbox for MATLAB keeps it."""
    import scipy.io
    import scipy.sparse as sp

    compounds = [one["id"] for one in model["metabolites"]]
    matrix = np.zeros((len(compounds), len(model["reactions"])))
    for j, one in enumerate(model["reactions"]):
        for compound, amount in one["metabolites"].items():
            matrix[compounds.index(compound), j] = amount

    def cells(values):
        return np.array([[value] for value in values], dtype=object)

    struct = {
        "S": sp.csc_matrix(matrix),
        "mets": cells(f"{key[:-2]}[{key[-1]}]" for key in compounds),
        "metNames": cells(one["name"] for one in model["metabolites"]),
        "metFormulas": cells(one["formula"] for one in model["metabolites"]),
        "metCharges": np.array([[float(one["charge"])] for one in model["metabolites"]]),
        "rxns": cells(one["id"] for one in model["reactions"]),
        "rxnNames": cells(one["name"] for one in model["reactions"]),
        "lb": np.array([[float(one["lower_bound"])] for one in model["reactions"]]),
        "ub": np.array([[float(one["upper_bound"])] for one in model["reactions"]]),
        "c": np.array([[one["objective_coefficient"]] for one in model["reactions"]]),
    }
    scipy.io.savemat(path, {"model": struct})
