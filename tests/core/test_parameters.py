"""Parameters: published units, bounds and shapes."""

import numpy as np
import pytest

from soilcue.core.errors import InputError
from soilcue.core.parameters import Parameter, ParameterSet, checked_value, in_model_units

RATE = Parameter("decay", "d-1", 1e-6, 1.0, "decay")
PAIR = Parameter("kept", "1", 0.0, 1.0, "share kept", ("above", "below"))


def published(**values) -> ParameterSet:
    return ParameterSet("paper2001", ("he2024",), "as printed", values)


def test_values_come_in_the_units_the_model_computes_in():
    values = in_model_units((RATE, PAIR), published(decay=(7.3, "yr-1"), kept=((40.0, 45.0), "%")))
    assert values["decay"] == pytest.approx(0.02, rel=1e-14)
    assert values["decay"].shape == ()
    np.testing.assert_allclose(values["kept"], [0.40, 0.45])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"decay": (0.1, "d-1")}, "gives no value for 'kept'"),
        ({"decay": (0.1, "d-1"), "kept": ((0.4, 0.5), "1"), "decoy": (1, "1")}, "Did you mean 'decay'"),
        ({"decay": (0.1, "d-1"), "kept": (0.4, "1")}, r"2 values \(above, below\)"),
        ({"decay": (0.1, "d-1"), "kept": ((0.4, 0.5, 0.6), "1")}, "2 values"),
        ({"decay": ((0.1, 0.2), "d-1"), "kept": ((0.4, 0.5), "1")}, "takes one value"),
        ({"decay": (400.0, "yr-1"), "kept": ((0.4, 0.5), "1")}, "outside its bounds 1e-06 to 1 d-1"),
        ({"decay": (0.1, "m"), "kept": ((0.4, 0.5), "1")}, "measure different things"),
        ({"decay": (float("nan"), "d-1"), "kept": ((0.4, 0.5), "1")}, "outside its bounds"),
    ],
)
def test_a_set_that_does_not_fit_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        in_model_units((RATE, PAIR), published(**values))


@pytest.mark.parametrize("value", [1e-6, 1.0])
def test_bounds_belong_to_the_range(value):
    assert checked_value(RATE, value) == value
