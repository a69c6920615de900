"""What is said of descriptions, language models and fine-tuning, against tables made by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from quantlearn import columns
from quantlearn.data import scene_files
from quantlearn.figures.course import description, finetuning, language_model
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.semantics.scenes import LabelledScenes

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


def described(attentions=("none", "dot")):
    rows = []
    for trial in range(4):
        for sample in range(len(attentions)):
            rows += [(sample, trial, True, True, RIGHT)] * 4
            # Attention: three of four new sentences right, without it one, but for some noise.
            right = 3 if sample else 1 - (trial == 0)
            rows += [(sample, trial, False, False, RIGHT)] * right
            rows += [(sample, trial, False, False, FALSE)] * (3 - right)
            rows += [(sample, trial, False, False, BROKEN)]
    samples = [{"network": {"attention": attention}} for attention in attentions]
    experiment = SimpleNamespace(
        name="words", samples=range(len(samples)), sample=samples.__getitem__, texts=texts(rows)
    )
    return description.tables(experiment, [], 1)


def said(module, tables):
    """The text of a figure, on one line."""
    name = module.__name__.rpartition(".")[2]
    return " ".join(render(template_of(name), module.facts(tables, SETTINGS)).split())


def test_shares_of_descriptions():
    rows = described()["description"].set_index(["measure", "attention", "counts"])["estimate"]
    assert rows["exact", "dot", "new_sentence"] == 0.75
    assert rows["exact", "none", "new_sentence"] == pytest.approx(np.mean([0, 1, 1, 1]) / 4)
    assert rows["exact", "none", "trained_counts"] == 1
    assert rows["no_sentence", "none", "all_new"] == 0.25
    assert rows["false", "dot", "all_new"] == 0
    assert rows["attention_less_none", "dot", "all_new"] == pytest.approx(0.75 - 0.1875)
    assert rows["new_less_trained", "dot", "all_new"] == pytest.approx(-0.25)
    assert ("exact", "dot", "new_counts") not in rows.index


def test_new_counts_are_counted_one_by_one():
    (row,) = described()["description_counts"].query("attention == 'dot'").to_dict("records")
    assert row == {"attention": "dot", "both": 2, "a_only": 0, "estimate": 0.75, "n": 4}


def test_examples_of_descriptions_are_drawn_alike_each_time():
    first, second = (described()["description_examples"] for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert (first["exact"] == (first["written"] == first["target"])).all()
    assert set(first["exact"]) == {True, False}


def test_descriptions_are_told_in_words():
    text = said(description, described())
    assert text.startswith("Attention makes more of the sentences about new counts right")
    assert "exactly right without attention: 100 % for trained counts, 18.8 % for new" in text


def test_nothing_is_said_of_attention_where_no_network_has_any():
    text = said(description, described(["none"]))
    assert text.startswith("Sentences that are exactly right without attention: 100 %")


def modelled(written=(RIGHT, RIGHT, RIGHT, FALSE)):
    rows = [(0, trial, True, True, text) for trial in range(3) for text in written]
    trials = pd.DataFrame({"trial": range(3), "test_loss": np.log([2.0, 2.0, 2.0])})
    experiment = SimpleNamespace(
        name="words",
        settings=SETTINGS,
        trials=trials,
        texts=texts(rows),
        shown=lambda frame: frame,
    )
    return language_model.tables(experiment, [], 1)


def test_perplexities_and_truths_of_a_language_model():
    rows = modelled()["language_model"].set_index(["measure", "model", "quantifier"])["estimate"]
    assert rows["perplexity_of_texts", "network", "all"] == pytest.approx(2)
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


def test_what_is_no_sentence_is_called_so_and_is_not_among_the_false_ones():
    made = modelled(["every A is B", "no A are B", "A A", "every every"])
    rows = made["language_model"].set_index(["measure", "model", "quantifier"])["estimate"]
    assert rows["sentence", "network", "all"] == 0.5
    assert rows["true", "network", "all"] == 0.5
    assert rows["true", "blind", "all"] == 0.5
    text = said(language_model, made)
    assert "50.0 % (3 trials) are sentences. Of these, 50.0 % (3 trials) are true" in text
    shown = made["language_model_examples"].set_index("written")["quantifier"]
    for row in BeautifulSoup(text, "html.parser")("tr")[1:]:
        written, verdict = (cell.text for cell in row(["th", "td"])[1:])
        assert (verdict == "no sentence") == (shown[[written]].iloc[0] == "")


def test_a_language_model_is_told_in_words():
    made = modelled()
    text = said(language_model, made)
    assert text.startswith("Of the strings that the networks write, 100 % (3 trials) are sentences")
    assert "Of these, 75.0 % (3 trials) are true of the scene" in text
    assert "Least often true is *no*: 0 %." in text
    assert f"finds a sentence {np.exp(1):.3g} times as probable as the model that does" in text
    assert set(made["language_model_examples"]["true"]) == {True, False}


@pytest.mark.parametrize(
    ("bounds", "end"),
    [
        ((0.1, 0.3), "1.22 (95 % interval 1.11 to 1.35) times as probable as the model that"),
        ((-0.2, 0.6), "does not look at the scene: that looking helps is not shown."),
        ((-0.5, 0.9), "does not look at the scene: that looking helps is not shown."),
    ],
)
def test_what_a_scene_gives_is_said_with_its_interval(bounds, end):
    made = modelled()
    gain = made["language_model"]["measure"] == "log_gain"
    made["language_model"].loc[gain, ["estimate", "lower", "upper"]] = [0.2, *bounds]
    text = said(language_model, made)
    assert end in text
    assert ("is not shown" in text) == (bounds[0] < 0)


SCENES = (10, 100, 1000)


@pytest.fixture
def finetuned(tmp_path):
    """An experiment whose accuracy rises by 0.1 for each tenfold; pretraining is worth 0.9 of that.

    One of the two scenes that are tested is among those of the source.
    """

    def finetuned(noise):
        samples = [
            {"training": {"start": start, "scenes": scenes}}
            for start in (None, "all")
            for scenes in SCENES
        ]
        rng = np.random.default_rng(0)
        trials = pd.DataFrame(
            {"sample": sample, "trial": trial, "test_accuracy": accuracy + noise * rng.normal()}
            for sample, training in enumerate(own["training"] for own in samples)
            for accuracy in [
                0.5 + 0.1 * np.log10(training["scenes"]) + 0.09 * (training["start"] == "all")
            ]
            for trial in range(6)
        )
        paths = {}
        for name, split, scenes in (
            ("own", "test", [[0, 1], [1, 0]]),
            ("source", "train", [[1, 0], [1, 1]]),
        ):
            labelled = LabelledScenes(
                np.array(scenes, dtype=np.uint8),
                np.array([2, 2]),
                np.zeros(2, int),
                np.ones(2, bool),
            )
            paths[name] = tmp_path / f"{name}.parquet"
            extra = {"split": np.array([split] * 2)}
            names = SETTINGS["quantifiers"]
            scene_files.write_trials(paths[name], names, [(labelled, extra)] * 2)
        source = SimpleNamespace(settings=SETTINGS, path=lambda _: paths["source"])
        experiment = SimpleNamespace(
            settings=SETTINGS,
            samples=range(len(samples)),
            sample=samples.__getitem__,
            trials=trials,
            path=lambda _: paths["own"],
            source=source,
        )
        return finetuning.tables(experiment, [], 1)

    return finetuned


def test_pretraining_is_worth_what_was_put_in(finetuned):
    made = finetuned(noise=0.001)
    differences = made["finetuning_differences"]
    assert differences["scenes"].tolist() == list(SCENES)
    np.testing.assert_allclose(differences["estimate"], 0.09, atol=0.003)
    assert (differences["p_adjusted"] < 1e-4).all()
    whole = made["finetuning_whole"].set_index("measure")["estimate"]
    assert whole["area"] == pytest.approx(0.09, abs=0.003)
    assert whole["met_before"] == 0.5


def test_scenes_that_pretraining_saves_are_found(finetuned):
    text = said(finetuning, finetuned(noise=1e-6))
    assert "10 for 79, 100 for 794, 1000 for more than 1,000" in text
    assert text.startswith("The accuracy after pretraining is higher with 10, 100 and 1000 scenes")
    assert "50.0 % are among those that the networks of `language_model` were trained on" in text


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
