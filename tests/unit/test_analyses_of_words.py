"""What is said of descriptions, language models and fine-tuning, against tables made by hand."""

import numpy as np
import pandas as pd
import pytest

from quantlearn import columns
from quantlearn.figures.course import description, finetuning, language_model
from quantlearn.semantics.scenes import LabelledScenes
from quantlearn.tables import TableError

SETTINGS = {
    "name": "words",
    "start_from": "language_model",
    "quantifiers": ["every", "no"],
    "expressions": {"every": "A <= B", "no": "|A & B| == 0"},
}


def texts(rows):
    """A table of texts from (sample, trial, counts trained, sentence trained, written)."""
    frame = pd.DataFrame(
        rows, columns=["sample", "trial", "counts_trained", "sentence_trained", "written"]
    )
    said = frame["written"].map({"every A is B": "every", "no A are B": "no"}).fillna("")
    return frame.assign(
        **{"quantifier": "every", "size": 2, "both": 2, "a_only": 0, "scene": "AB AB"},
        **{"target": "every A is B", "said": said, "true": said == "every"},
        **{"words": 5, "loss": 1.0, "blind": 2.0, "unigram": 3.0},
    )[list(columns.TEXTS)]


RIGHT, FALSE, BROKEN = "every A is B", "no A are B", "A A"


def described():
    rows = []
    for trial in range(4):
        for sample in (0, 1):
            rows += [(sample, trial, True, True, RIGHT)] * 4
            # Attention: three of four new sentences right, without it one, but for some noise.
            right = 3 if sample else 1 - (trial == 0)
            rows += [(sample, trial, False, False, RIGHT)] * right
            rows += [(sample, trial, False, False, FALSE)] * (3 - right)
            rows += [(sample, trial, False, False, BROKEN)]
    samples = pd.DataFrame({"sample": [0, 1], "network.attention": ["none", "dot"]})
    return description.description_table(samples, texts(rows), 1, "words")


def test_shares_of_descriptions():
    table = described()
    rows = table.set_index(["kind", "attention", "counts"])["estimate"]
    assert rows["exact", "dot", "new sentence"] == 0.75
    assert rows["exact", "none", "new sentence"] == pytest.approx(np.mean([0, 1, 1, 1]) / 4)
    assert rows["exact", "none", "trained counts"] == 1
    assert rows["not a sentence", "none", "all new"] == 0.25
    assert rows["false", "dot", "all new"] == 0
    assert rows["attention less none", "dot", "all new"] == pytest.approx(0.75 - 0.1875)
    assert rows["new less trained", "dot", "all new"] == pytest.approx(-0.25)
    assert ("exact", "dot", "new counts") not in rows.index


def test_examples_of_descriptions_are_drawn_alike_each_time():
    first, second = described(), described()
    pd.testing.assert_frame_equal(first, second)
    shown = description.shown(first)
    assert set(shown[""]) == {"right", "wrong"}
    wrong = shown[shown[""] == "wrong"]
    assert (wrong["Written"] != wrong["To be written"]).all()


def test_descriptions_are_told_in_words():
    said = description.remark(described(), SETTINGS)
    assert "Without attention: 100 % of the sentences are exactly right" in said
    assert "75 % where they are new" in said.replace("75.0 %", "75 %")
    assert "Attention makes more of the sentences about new counts right" in said


def test_samples_of_the_same_attention_are_refused():
    samples = pd.DataFrame({"sample": [0, 1], "network.attention": ["dot", "dot"]})
    with pytest.raises(TableError, match="some have the same"):
        description.description_table(samples, texts([(0, 0, True, True, RIGHT)]), 1, "words")


def modelled():
    rows = [
        (0, trial, True, True, RIGHT if place < 3 else FALSE)
        for trial in range(3)
        for place in range(4)
    ]
    trials = pd.DataFrame({"trial": range(3), "test_loss": np.log([2.0, 2.0, 2.0])})
    return language_model.language_model_table(trials, texts(rows), SETTINGS, 1)


def test_perplexities_and_truths_of_a_language_model():
    rows = modelled().set_index(["kind", "model", "quantifier"])["estimate"]
    assert rows["perplexity of texts", "network", "all"] == pytest.approx(2)
    assert rows["perplexity", "network", "all"] == pytest.approx(np.exp(1 / 5))
    assert rows["perplexity", "blind", "all"] == pytest.approx(np.exp(2 / 5))
    # AB A- -B -- . : every A is B no are
    assert rows["perplexity", "uniform", "all"] == pytest.approx(12)
    assert rows["true", "network", "all"] == 0.75
    # All scenes are AB AB: "every A is B" is true of each, "no A are B" of none.
    assert rows["true", "blind", "all"] == 0.75
    assert rows["true", "blind", "no"] == 0
    assert rows["frequency", "network", "no"] == 0.25
    assert rows["frequency", "texts", "every"] == 1


def test_a_language_model_is_told_in_words():
    said = language_model.remark(modelled(), SETTINGS)
    assert "Of the sentences that the networks write, 75.0 % are true" in said
    assert f"makes its sentence {np.exp(1):.1f} times as probable" in said
    assert set(language_model.shown(modelled())[""]) == {"true", "false"}


SCENES = (10, 100, 1000)


def finetuned(noise=0.0):
    """Accuracy rises by 0.1 for each tenfold; pretraining is worth 0.9 of that."""
    samples = pd.DataFrame(
        [
            {"training.start": start, "training.scenes": scenes}
            for start in ("null", "all")
            for scenes in SCENES
        ]
    )
    samples.insert(0, "sample", range(len(samples)))
    rng = np.random.default_rng(0)
    trials = pd.DataFrame(
        [
            {
                "sample": row.sample,
                "trial": trial,
                "test_accuracy": 0.5
                + 0.1 * np.log10(scenes)
                + 0.09 * (start == "all")
                + noise * rng.normal(),
            }
            for row, (start, scenes) in zip(
                samples.itertuples(),
                samples[["training.start", "training.scenes"]].itertuples(index=False),
                strict=True,
            )
            for trial in range(6)
        ]
    )
    return samples, trials, [0.05, 0.07]


def test_pretraining_is_worth_what_was_put_in():
    table = finetuning.finetuning_table(*finetuned(noise=0.001))
    differences = table[table["kind"] == "difference"]
    assert differences["scenes"].tolist() == list(SCENES)
    np.testing.assert_allclose(differences["estimate"], 0.09, atol=0.003)
    assert (differences["p_adjusted"] < 1e-4).all()
    (area,) = table.loc[table["kind"] == "area", "estimate"]
    assert area == pytest.approx(0.09, abs=0.003)


def test_scenes_that_pretraining_saves_are_found():
    said = finetuning.remark(finetuning.finetuning_table(*finetuned(noise=1e-6)), SETTINGS)
    assert "10 for 79, 100 for 794, 1000 for more than 1000" in said
    assert "is higher with 10, 100 and 1000 scenes" in said
    assert "6.0 % are among those that the networks of `language_model` were trained on" in said
    assert len(finetuning.shown(finetuning.finetuning_table(*finetuned(0.001)))) == len(SCENES)


def test_scenes_met_before_are_the_same_scenes_whatever_is_asked_and_however_padded():
    tested = LabelledScenes(
        np.array([[0, 1, 2], [0, 1, 4], [2, 4, 4]]),
        np.array([3, 2, 1]),
        np.zeros(3, int),
        np.array([True, False, True]),
    )
    trained = LabelledScenes(
        np.array([[0, 1], [2, 2], [1, 0]]), np.array([2, 2, 2]), np.ones(3, int), np.ones(3, bool)
    )
    assert finetuning.met_before(tested, trained) == pytest.approx(1 / 3)
    assert finetuning.met_before(trained, trained) == 1


def test_one_start_alone_is_refused():
    samples, trials, met = finetuned()
    with pytest.raises(TableError, match="null and another"):
        finetuning.finetuning_table(samples[samples["training.start"] == "all"], trials, met)
