"""What the course shows of networks that write, against their own losses and plain PyTorch."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from page_results import CONFIG
from small_networks import start
from test_text_networks import setting, some_scenes, torch_lstm
from written_results import write_untrained

from quantlearn.figures.networks import Answering
from quantlearn.report.course import writing
from quantlearn.semantics.scenes_in_words import STOP, sentence, words_of_scene
from quantlearn.settings.load import load_settings

NAMES = ["description", "language_model"]
SETTINGS = load_settings({"experiments": NAMES, "trials": 2}, CONFIG).experiments


@pytest.fixture(scope="module", params=NAMES)
def experiment(request, tmp_path_factory):
    """An experiment whose networks write, without training."""
    changes = {"attention": "dot"} if request.param == "description" else {}
    folder = tmp_path_factory.mktemp(request.param)
    return write_untrained(folder, SETTINGS[request.param], **changes)


def test_probabilities_of_words_multiply_to_that_of_their_sentence(experiment):
    networks = writing.read_networks(experiment, 0)
    for row in experiment.texts.groupby("trial").head(5).itertuples():
        words = [*row.target.split(), STOP]
        p = writing.probabilities(networks, row.trial, row.scene.split(), words)
        assert len(p) == row.words
        assert -np.log(p).sum() == pytest.approx(row.loss, rel=1e-5)


def test_a_usual_text_is_shown_with_its_probabilities(experiment):
    words, p, scene = writing.expected(experiment)
    texts = experiment.texts[experiment.texts["trial"] == 0]
    (shown,) = texts[
        (texts["scene"] == scene) & (texts["target"] + f" {STOP}" == " ".join(words))
    ].itertuples()
    assert np.exp(-np.log(p).mean()) == pytest.approx(np.exp(shown.loss / shown.words), rel=1e-5)
    of_all = texts["loss"].sum() / texts["words"].sum()
    nearest = (texts["loss"] / texts["words"] - of_all).abs().min()
    assert abs(shown.loss / shown.words - of_all) == pytest.approx(nearest)


def test_where_networks_look_is_shown_if_they_have_attention(experiment):
    shown = writing.looks(experiment, 1)
    assert len(shown) == (4 if experiment.name == "description" else 0)
    for text in shown:
        weights = np.array(text["weights"])
        assert weights.shape == (len(text["words"]), len(text["scene"]))
        np.testing.assert_allclose(weights.sum(axis=1), 1, atol=0.0006 * weights.shape[1])
        assert len(set(text["scene"])) > 1


def test_attention_is_that_of_plain_pytorch():
    task, ensemble = setting("description", attention="dot")
    networks = Answering(ensemble, 2 * start(ensemble, 2))  # so that it looks somewhere
    scenes = some_scenes(0, 6)
    weights = {name: array[0] for name, array in ensemble.unpack(networks.flat[[1]]).items()}
    encoder, decoder = (
        torch_lstm(weights, f"{part}.", 2, task.inputs, 6) for part in ("encoder", "decoder")
    )
    for scene, name in zip(scenes.scenes, scenes.quantifiers, strict=True):
        seen, said = words_of_scene(scene), [*sentence(task.names[name]), STOP]
        found = writing.attention(networks, 1, seen, said)
        told = [[task.words.index(word) for word in part] for part in (seen, [STOP, *said[:-1]])]
        x, words = (torch.eye(len(task.words), dtype=torch.float64)[part][None] for part in told)
        states, last = encoder(x)
        written, _ = decoder(words, last)
        expected = torch.softmax(written[0] @ states[0].T, dim=1)
        np.testing.assert_allclose(found, expected.detach(), atol=1e-12)
        assert np.ptp(found, axis=1).max() > 0.01 or len(seen) == 1


def test_strings_are_of_each_kind_and_each_is_there_once():
    rows = [("AB AB", "every A is B", "every", True)] * 5
    rows += [("AB A-", f"no A are B{' B' * n}", "", False) for n in range(1, 6)]
    rows += [("AB A-", "no A are B", "no", False), ("A- --", "no A are B", "no", True)]
    columns = ["scene", "written", "said", "true"]
    made = SimpleNamespace(
        name="words",
        texts=pd.DataFrame(rows, columns=columns),
        settings={"quantifiers": ["every", "no"]},
    )
    found = writing.strings(made, 1)
    assert len({row["text"] for row in found}) == len(found) == 5
    kinds = pd.Series([row["kind"] for row in found]).value_counts()
    assert kinds["none"] == 3
    true = {
        (tuple(scene), text) for scene, text in (((0, 0), "every A is B"), ((1, 3), "no A are B"))
    }
    for row in found:
        assert (row["kind"] == "true") == ((tuple(row["scene"]), row["text"]) in true)
        assert row["near"] == ("every A is B" if "every" in row["text"] else "no A are B")
