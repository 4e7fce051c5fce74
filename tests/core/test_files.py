"""Files appear whole or not at all."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from soilcue.core.errors import InputError
from soilcue.core.files import remove_left_behind, whole_file


def test_file_appears_when_the_body_ends(tmp_path):
    target = tmp_path / "page.html"
    with whole_file(target) as beside:
        assert beside.parent == tmp_path
        assert beside.suffix == ".html"
        beside.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert os.listdir(tmp_path) == ["page.html"]


def test_file_has_the_permissions_of_an_ordinary_one(tmp_path):
    ordinary = tmp_path / "ordinary"
    ordinary.write_text("")
    with whole_file(tmp_path / "whole") as beside:
        beside.write_text("")
    assert stat.S_IMODE((tmp_path / "whole").stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)


def test_failure_leaves_what_was_there(tmp_path):
    target = tmp_path / "atlas.nc"
    target.write_text("old")

    def fail_half_way():
        with whole_file(target) as beside:
            beside.write_text("hal")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["atlas.nc"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "not writable"), (errno.EROFS, "read-only")],
)
def test_refusal_of_the_system_becomes_one_clear_message(tmp_path, number, words):
    with pytest.raises(InputError, match=rf"cannot write .*page\.html: .*{words}"), whole_file(tmp_path / "page.html"):
        raise OSError(number, os.strerror(number))
    assert os.listdir(tmp_path) == []


def test_other_system_errors_stay_themselves(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "page.html"):
        (tmp_path / "absent").read_text()


def test_missing_folder_is_named_before_any_work(tmp_path):
    with pytest.raises(InputError, match=r"there is no folder .*absent"), whole_file(tmp_path / "absent" / "page.html"):
        pytest.fail("the body must not run")


def test_folder_in_place_of_a_file_is_named(tmp_path):
    with pytest.raises(InputError, match="it is a folder"), whole_file(tmp_path):
        pytest.fail("the body must not run")


def test_limit_on_file_size_leaves_nothing_behind(tmp_path):
    script = """
import resource, sys
from soilcue.core.errors import InputError
from soilcue.core.files import whole_file
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with whole_file(sys.argv[1]) as beside:
        beside.write_bytes(bytes(5000))
except InputError as error:
    print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "atlas.nc")], capture_output=True, text=True, check=True
    )
    assert "larger than the system allows" in ran.stdout
    assert os.listdir(tmp_path) == []


def test_halves_of_killed_writers_are_removed_for_the_only_writer(tmp_path):
    others = (".a1.77.part.nc", ".b.77.part.nc", ".a[1].77.part.html", "a[1].nc")
    for name in (".a[1].77.part.nc", ".a[1].8.part.nc", *others):
        (tmp_path / name).touch()
    with whole_file(tmp_path / "a[1].nc") as own:
        remove_left_behind(tmp_path / "a[1].nc")
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {*others, own.name}
