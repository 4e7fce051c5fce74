"""Pieces of maps: cells, hatching, coastlines."""

import numpy as np

from soilcue.report import maps

LONGITUDES = np.array([-90.0, 0.0, 90.0, 180.0])
LATITUDES = np.array([-30.0, 0.0, 30.0])


def test_cells_write_the_listed_ones_and_every_row_and_column_once():
    values = np.arange(12.0).reshape(3, 4)
    listed = np.zeros((3, 4), dtype=bool)
    listed[1, 2] = True
    trace = maps.cells(LONGITUDES, LATITUDES, values, listed, text=values.astype(str))
    assert set(trace["x"]) == set(LONGITUDES)
    assert set(trace["y"]) == set(LATITUDES)
    at = (trace["x"] == 90.0) & (trace["y"] == 0.0)
    assert trace["z"][at].tolist() == [6.0]
    assert trace["text"][at].tolist() == ["6.0"]
    assert len(trace["x"]) == len(trace["y"]) == len(trace["z"]) == len(trace["text"]) == 7


def test_listing_cells_does_not_change_the_list():
    listed = np.zeros((3, 4), dtype=bool)
    maps.cells(LONGITUDES, LATITUDES, np.zeros((3, 4)), listed)
    assert not listed.any()


def test_hatching_crosses_each_cell_of_the_mask_from_corner_to_corner():
    mask = np.zeros((3, 4), dtype=bool)
    mask[0, 0] = mask[1, 1] = mask[2, 0] = True
    for trace in maps.hatching(LONGITUDES, LATITUDES, mask):
        strokes = np.stack([trace["x"], trace["y"]], axis=1).reshape(-1, 3, 2)
        ends = {tuple(stroke[:2].ravel()) for stroke in strokes}
        assert ends == {(-135.0, -45.0, 45.0, 15.0), (-135.0, 15.0, -45.0, 45.0)}
        assert np.isnan(strokes[:, 2]).all()


def test_hatching_of_nothing_has_no_strokes():
    assert all(len(trace["x"]) == 0 for trace in maps.hatching(LONGITUDES, LATITUDES, np.zeros((3, 4), dtype=bool)))


def test_coastlines_are_broken_between_lines():
    trace = maps.coastline_trace([np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[5.0, 5.0], [6.0, 6.0]])])
    assert np.isnan(trace["x"]).tolist() == [False, False, True, False, False, True]


def test_rows_shown_reach_one_beyond_the_cells():
    mask = np.zeros((6, 2), dtype=bool)
    mask[2:4, 1] = True
    assert maps.shown_rows(np.arange(6.0), mask) == slice(1, 5)
    assert maps.shown_rows(np.arange(6.0), mask[::-1]) == slice(1, 5)
    assert maps.shown_rows(np.arange(6.0), np.zeros((6, 2), dtype=bool)) == slice(0, 6)
