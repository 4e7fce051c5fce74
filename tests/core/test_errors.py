"""Messages for names that nothing bears."""

import pytest

from soilcue.core.errors import InputError, NotDefinedError, unknown_name


@pytest.mark.parametrize("given", ["mimic", "MIMICS", "minics"])
def test_nearest_name_is_offered(given):
    message = str(unknown_name("model", given, ["century", "mimics", "millennial"]))
    assert message.startswith(f"unknown model '{given}'. Did you mean 'mimics'")
    assert message.endswith("There are: 'century', 'millennial', 'mimics'.")


def test_no_name_is_offered_when_none_is_near():
    assert str(unknown_name("model", "xyz", ["century"])) == "unknown model 'xyz'. There are: 'century'."
    assert str(unknown_name("model", "xyz", [])).endswith("There are: none.")


def test_errors_of_a_user_are_of_one_kind():
    assert issubclass(NotDefinedError, InputError)
    assert issubclass(InputError, ValueError)
