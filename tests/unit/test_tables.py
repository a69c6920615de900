"""Tables: the same bytes every time, the same frame back, and clear words about broken files."""

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic

from aggregate import aggregate
from compare import compare
from quantlearn import columns, tables
from quantlearn.files import replacing
from quantlearn.tables import TableError

CONVERGENCE = pd.DataFrame(
    {
        "sample": [0, 0],
        "trial": [0, 1],
        "quantifier": ["NA", "none"],  # words that pandas would read as missing
        "step": pd.array([51, None], dtype="Int64"),
        "converged": pd.array([True, False], dtype="boolean"),
        "last_step": [1001, 1001],
        "final_accuracy": [1 / 3, np.nan],
        "last_50_accuracy": [1 / 3, np.nan],
    }
)


class TestCsv:
    def test_a_table_comes_back_with_its_types(self, tmp_path):
        tables.write_csv(CONVERGENCE, tmp_path / "t.csv")
        back = tables.read_csv(tmp_path / "t.csv", columns.CONVERGENCE)
        pd.testing.assert_frame_equal(back, CONVERGENCE, rtol=1e-9)
        tables.write_csv(back, tmp_path / "again.csv")
        assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()

    def test_the_text_is_plain(self, tmp_path):
        tables.write_csv(CONVERGENCE, tmp_path / "t.csv")
        lines = (tmp_path / "t.csv").read_bytes().split(b"\n")
        assert lines[1] == b"0,0,NA,51,true,1001,0.3333333333,0.3333333333"
        assert lines[2] == b"0,1,none,,false,1001,,"

    def test_an_empty_table_keeps_its_columns(self, tmp_path):
        tables.write_csv(CONVERGENCE.head(0), tmp_path / "t.csv")
        back = tables.read_csv(tmp_path / "t.csv", columns.CONVERGENCE)
        assert (len(back), list(back.columns)) == (0, list(columns.CONVERGENCE))

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda text: text[:-4], "middle of a line"),
            (lambda text: text.replace("converged,", ""), "lacks converged"),
            (lambda text: text.replace("0,1,none", "0,,none"), "column trial has a blank in row 2"),
            (lambda text: text.replace("0,1,none", "0,one,none"), "one"),
            (lambda text: text.replace("false", "perhaps"), "perhaps"),
            (lambda text: "", "middle of a line"),
        ],
    )
    def test_a_damaged_file_is_named_with_the_remedy(self, tmp_path, damage, said):
        path = tmp_path / "t.csv"
        tables.write_csv(CONVERGENCE, path)
        path.write_text(damage(path.read_text()))
        with pytest.raises(TableError, match=said) as fault:
            tables.read_csv(path, columns.CONVERGENCE)
        assert str(path) in str(fault.value)
        assert "run again" in str(fault.value)

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(TableError, match="No such file"):
            tables.read_csv(tmp_path / "t.csv", columns.CONVERGENCE)


class TestParquet:
    CURVES = synthetic.training_curves(["most"], [20], trials=2, evaluations=30)

    def test_a_table_comes_back_and_its_bytes_are_stable(self, tmp_path):
        for name in "ab":
            tables.write_parquet(self.CURVES, tmp_path / name)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        back = tables.read_parquet(tmp_path / "a", columns.CURVES)
        pd.testing.assert_frame_equal(back, self.CURVES, check_dtype=False)

    def test_the_index_of_a_frame_leaves_no_trace(self, tmp_path):
        tables.write_parquet(self.CURVES, tmp_path / "a")
        tables.write_parquet(self.CURVES.set_index(self.CURVES.index + 5), tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_a_cut_off_file_is_named(self, tmp_path):
        tables.write_parquet(self.CURVES, tmp_path / "a")
        (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:-50])
        with pytest.raises(TableError, match="run again"):
            tables.read_parquet(tmp_path / "a", columns.CURVES)

    def test_a_lacking_column_is_named(self, tmp_path):
        tables.write_parquet(self.CURVES.drop(columns="loss"), tmp_path / "a")
        with pytest.raises(TableError, match="lacks loss"):
            tables.read_parquet(tmp_path / "a", columns.CURVES)


def test_a_fault_while_writing_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as beside:  # noqa: PT012
        beside.write_text("half")
        raise RuntimeError
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """Two twins and an experiment of one quantifier, from training results to comparisons."""
    root = tmp_path_factory.mktemp("results")
    pair = ["at_least_4", "at_least_6_or_at_most_2"]
    experiments = [
        synthetic.experiment_settings("exp1a", pair),
        synthetic.experiment_settings("exp1a_as_run", pair, documented="exp1a"),
        synthetic.experiment_settings("alone", ["most"]),
    ]
    paths = []
    for seed, (settings, midpoints) in enumerate(
        zip(experiments, ([30, 40], [30, 80], [30]), strict=True)
    ):
        samples = []
        for sample in range(2 if settings["name"] == "exp1a" else 1):
            curves = synthetic.training_curves(
                settings["quantifiers"],
                midpoints,
                trials=6,
                evaluations=150,
                seed=seed + 7 * sample,
            )
            cells = synthetic.training_cells(settings["quantifiers"], trials=6, scenes=300)
            trials = synthetic.training_trials(curves)
            samples.append({"curves": curves, "cells": cells, "trials": trials})
        folder = root / settings["name"]
        inputs = synthetic.write_training(folder, samples)
        outputs = synthetic.table_paths(folder)
        aggregate(**inputs, **synthetic.asked_by_aggregate(settings), **outputs)
        comparison = folder / "tables/comparison.csv"
        compare(
            outputs["curves"],
            outputs["convergence"],
            outputs["trials"],
            folder / "samples.csv",
            settings,
            verdicts=folder / "tables/verdicts.csv",
            comparison=comparison,
        )
        baselines = synthetic.write_baselines(folder, samples[0]["cells"])
        paths.append(
            outputs | {"comparison": comparison, "inputs": inputs, "folder": folder} | baselines
        )
    return experiments, paths


class TestAnalysis:
    def test_aggregate_joins_the_samples_and_keeps_every_row(self, analysed):
        _, paths = analysed
        parts = [
            tables.read_parquet(path, columns.CURVES)
            for path in paths[0]["inputs"]["training_curves"]
        ]
        joined = tables.read_parquet(paths[0]["curves"], columns.CURVES)
        assert len(joined) == sum(map(len, parts))
        second = joined[joined["sample"] == 1].reset_index(drop=True)
        pd.testing.assert_frame_equal(second, parts[1])

    def test_samples_of_jobs_that_are_missing_are_told(self, analysed, tmp_path):
        experiments, paths = analysed
        inputs = paths[0]["inputs"]
        fewer = {**inputs, "training_cells": inputs["training_cells"][:1]}
        with pytest.raises(TableError, match=r"samples \[0\] instead of \[0, 1\]"):
            aggregate(
                **fewer,
                **synthetic.asked_by_aggregate(experiments[0]),
                **synthetic.table_paths(tmp_path),
            )

    def test_trials_keep_their_text(self, analysed):
        _, paths = analysed
        timeless = {name: kind for name, kind in columns.TRIALS.items() if name != "seconds"}
        trials = tables.read_csv(paths[0]["trials"], timeless)
        expected = {f"3141592653589793238462643383279502{trial:02}" for trial in trials["trial"]}
        assert set(trials["seed"]) == expected
        assert trials["dev_loss"].isna().all()

    def test_comparison_has_the_promised_columns_and_three_rows_for_each_pair(self, analysed):
        _, paths = analysed
        table = tables.read_csv(paths[0]["comparison"], columns.COMPARISON)
        assert list(table.columns) == list(columns.COMPARISON)
        assert table.groupby("sample")["test"].apply(list).tolist() == [list(columns.TESTS)] * 2

    def test_p_is_adjusted_over_the_pairs_of_a_sample(self, analysed, tmp_path):
        settings, paths = analysed[0][0], analysed[1][0]
        pair = settings["comparisons"][0]
        compare(
            paths["curves"],
            paths["convergence"],
            paths["trials"],
            paths["folder"] / "samples.csv",
            settings | {"comparisons": [pair, pair[::-1]]},
            verdicts=tmp_path / "verdicts.csv",
            comparison=tmp_path / "comparison.csv",
        )
        table = tables.read_csv(tmp_path / "comparison.csv", columns.COMPARISON)
        assert table["sample"].nunique() == 2
        # A pair and its mirror image have the same p.
        assert np.allclose(table["p_adjusted"], np.minimum(1, 2 * table["p"]), equal_nan=True)

    def test_one_quantifier_leaves_an_empty_comparison(self, analysed):
        _, paths = analysed
        table = tables.read_csv(paths[2]["comparison"], columns.COMPARISON)
        assert table.empty

    def test_a_split_without_curves_is_explained(self, analysed, tmp_path):
        experiments, paths = analysed
        settings = experiments[0] | {"training": {"monitor": "dev"}}
        asked = synthetic.asked_by_aggregate(settings)
        with pytest.raises(TableError, match=r"add dev to training\.evaluate_splits of exp1a"):
            aggregate(**paths[0]["inputs"], **asked, **synthetic.table_paths(tmp_path))
