"""A place for a folder is refused before any work is done for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sims.folders import is_empty, put_in_place, require_place, unknown_files
from sims.rates import InputError


@pytest.mark.parametrize("folder", ["", "new", "not/there/yet"])
def test_require_place__below_a_folder_of_ours__accepted(tmp_path, folder):
    require_place(tmp_path / folder)


@pytest.mark.parametrize("folder", ["file", "file/below", "file/far/below"])
def test_require_place__a_file_in_the_way__refused(tmp_path, folder):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(InputError, match="file is a file"):
        require_place(tmp_path / folder)


def test_require_place__a_folder_of_somebody_else__refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(InputError, match="may not be written to"):
        require_place(tmp_path / "new")


def test_require_place__the_current_folder__accepted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    require_place(tmp_path / ".")


def test_is_empty__a_folder__with_and_without_a_file(tmp_path):
    assert is_empty(tmp_path)
    (tmp_path / "file").write_text("something")
    assert not is_empty(tmp_path)


def test_is_empty__no_folder__is(tmp_path):
    assert is_empty(tmp_path / "none")


@pytest.fixture
def folders(tmp_path):
    """An old folder, and a new one made elsewhere to take its place."""
    for name in ("old", "beside/new"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "which").write_text(name)
    return tmp_path / "beside" / "new", tmp_path / "old"


def test_put_in_place__over_a_folder__is_the_new_one(folders):
    made, folder = folders
    put_in_place(made, folder)
    assert (folder / "which").read_text() == "beside/new"


def test_put_in_place__interrupted_between_the_renames__leaves_the_old_one(folders, monkeypatch):
    made, folder = folders
    rename = Path.rename

    def interrupted(self, target):
        if self == made:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put_in_place(made, folder)
    assert (folder / "which").read_text() == "old"


def test_unknown_files__some_of_each__names_those_that_are_not_known(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("known", "a/known", "a/other", "other"):
        (tmp_path / name).write_text("")
    assert unknown_files(tmp_path, {"known", "a/known"}) == ["a/other", "other"]
