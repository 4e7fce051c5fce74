"""CSV tables: lines, numbers, and what is wrong with a file."""

import pandas as pd
import pytest

from soilcue.core.errors import InputError
from soilcue.synthesis import effect_size, read_table


def written(folder, text, name="table.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_lines_numbers_and_gaps(tmp_path):
    path = written(tmp_path, '\ufeffstudy, ph,"note"\nA,6.5,"two\nlines"\n\nB,NA,x\n007,7,y\n')
    table = read_table(path)
    assert list(table.columns) == ["study", "ph", "note"]
    assert table.index.name == "line"
    assert list(table.index) == [3, 5, 6]
    assert table["ph"].tolist()[0] == 6.5
    assert table["ph"].isna().tolist() == [False, True, False]
    assert table["study"].tolist() == ["A", "B", "007"]
    assert table.attrs["file"] == str(path)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(tmp_path, separator):
    table = read_table(written(tmp_path, f"a{separator}b\n1{separator}2\n"))
    assert table.to_numpy().tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("a,b\n", "there is no row below the names"),
        ("a,a\n1,2\n", "line 1: two columns are named 'a'"),
        ("a,,b\n1,2,3\n", "line 1: column 2 has no name"),
        ("a,b\n1,2\n1,2,3\n", "line 3: it has 3 cells and the row of names has 2"),
        (b"PK\x03\x04\xff\xfe", "not UTF-8 text.*xlsx, is not read"),
    ],
)
def test_bad_files(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_table(written(tmp_path, text))


def test_absent_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is not a file"):
        read_table(tmp_path)


def test_messages_name_file_line_and_column(tmp_path):
    head = "study,treatment_mean,treatment_sd,treatment_n,control_mean,control_sd,control_n\n"
    path = written(tmp_path, head + "A,0.4,0.1,5,0.3,0.1,5\nB,0.5,0.1,5,0.3,0,5\n")
    with pytest.raises(InputError, match=r"table\.csv, line 3, column 'control_sd': found 0"):
        effect_size(read_table(path))
    path = written(tmp_path, head + 'A,0.4,0.1,5,0.3,0.1,5\nB,"0,5",0.1,5,0.3,0.1,5\n')
    with pytest.raises(InputError, match=r"line 3, column 'treatment_mean': found '0,5'.*decimal mark as a point"):
        effect_size(read_table(path))


def test_a_table_read_is_a_table_made(tmp_path):
    head = "treatment_mean,treatment_sd,treatment_n,control_mean,control_sd,control_n\n"
    read = effect_size(read_table(written(tmp_path, head + "0.42,0.08,5,0.35,0.06,5\n")))
    made = effect_size(pd.DataFrame([[0.42, 0.08, 5, 0.35, 0.06, 5]], columns=head.strip().split(",")))
    assert read["effect"].iloc[0] == made["effect"].iloc[0]
