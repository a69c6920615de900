"""Networks of words against PyTorch's own, and what they write against brute force."""

import numpy as np
import pandas as pd
import pytest
import torch
from small_networks import (
    ARCHITECTURES,
    TOLERANCE,
    assert_step_within_company,
    network,
    start,
)
from test_scenes_in_words import CONFIG
from test_train_sample import TRAINING
from torch.nn import functional

from quantlearn import columns, tables
from quantlearn.data.generate import draw_pairs
from quantlearn.data.scene_files import write_trials
from quantlearn.networks.architectures.captioner import Reading
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.loss import IGNORED, cross_entropy, mean_loss
from quantlearn.networks.text_task import TextTask
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.scenes_in_words import STOP, sentence, words_of_scene
from quantlearn.settings.samples import samples_table
from quantlearn.training.decoding import sentence_losses, write
from quantlearn.training.evaluation import answers, evaluate
from quantlearn.training.examples import Examples, stack, stratified_subset
from quantlearn.training.loop import train
from quantlearn.training.members import read_members
from train import train_samples
from write_texts import write_texts

NAMES = ("every", "no", "most", "at_least_2", "exactly_1_of_the_2")
LEXICON = load_lexicon(CONFIG / "quantifiers.yaml")
KINDS = ("text_verification", "language_model", "description")
TRIALS, N, SIZE = 3, 30, 5


def some_scenes(seed, n=N):
    quantifiers = [LEXICON[name] for name in NAMES]
    return draw_pairs(np.random.default_rng(seed), n, quantifiers, Space(1, SIZE))


def some_examples(task, seed, n=N):
    scenes = some_scenes(seed, n)
    tokens, labels = task.texts(scenes.scenes, scenes.sizes, scenes.quantifiers)
    lengths = task.lengths(scenes.sizes, scenes.quantifiers)
    labels = labels if task.writes else scenes.truth.astype(np.int64)
    return Examples(tokens, lengths, labels, scenes.quantifiers)


def setting(kind, **changes):
    task = TextTask(kind, SIZE, NAMES, len(NAMES))
    architecture = "encoder_decoder" if kind == "description" else "lstm"
    settings = network(
        **{"architecture": architecture, "hidden": 6, "layers": 2} | changes,
    )
    return task, Ensemble(settings, task, core="eager")


# Texts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_texts_hold_scene_and_sentence(kind):
    task = TextTask(kind, SIZE, NAMES)
    scenes = some_scenes(0)
    tokens, labels = task.texts(scenes.scenes, scenes.sizes, scenes.quantifiers)
    lengths = task.lengths(scenes.sizes, scenes.quantifiers)
    assert tokens.max() < task.vocabulary
    assert tokens.shape == (N, task.positions)
    for row, scene in enumerate(scenes.scenes):
        seen = " ".join(words_of_scene(scene))
        said = " ".join(sentence(NAMES[scenes.quantifiers[row]]))
        if kind == "description":
            assert task.read(tokens[row]) == f"{seen} . {said}"
            assert task.read(labels[row]) == f"{said} ."
            assert task.read(tokens[row, : lengths[row]]) == seen
        else:
            assert task.read(tokens[row]) == f". {seen} : {said}"
            assert task.read(labels[row]) == f"{seen} : {said} ."
            assert lengths[row] == len(task.read(tokens[row]).split())


def test_words_of_a_language_model_are_true(tmp_path):
    scenes = some_scenes(1)
    split = np.full(N, "train", dtype=object)
    write_trials(tmp_path / "split.parquet", list(NAMES), [(scenes, {"split": split})])
    (member,), _ = read_members(
        tmp_path / "split.parquet", list(NAMES), together=True, kind="language_model"
    )
    kept = member.scenes["train"]
    assert len(kept) == scenes.truth.sum() == len(member.examples["train"])
    for scene, size, index in zip(kept.scenes, kept.sizes, kept.quantifiers, strict=True):
        assert LEXICON[NAMES[index]].verify(scene[None], np.array([size])).all()


def test_a_language_model_has_the_body_of_a_verifier():
    model, verifier = (setting(kind)[1] for kind in ("language_model", "text_verification"))
    body = {name: shape for name, shape in verifier.shapes.items() if "readout" not in name}
    assert {name: model.shapes[name] for name in body} == body
    assert set(model.shapes) == set(verifier.shapes)
    assert model.shapes["readout.bias"] != verifier.shapes["readout.bias"]


# Against PyTorch ----------------------------------------------------------------------------------


def test_loss_of_words_is_that_of_torch():
    generator = torch.manual_seed(0)
    logits = torch.randn(3, 4, 5, 7, dtype=torch.float64, generator=generator)
    labels = torch.randint(7, (3, 4, 5), generator=generator)
    labels[:, :, 3:] = IGNORED
    labels[:, 0, 1] = IGNORED
    expected = [
        functional.cross_entropy(own.flatten(0, 1), right.flatten(), ignore_index=IGNORED)
        for own, right in zip(logits, labels, strict=True)
    ]
    torch.testing.assert_close(mean_loss(cross_entropy, logits, labels), torch.stack(expected))


def torch_lstm(weights, name, layers, inputs, hidden):
    """torch.nn.LSTM with the weights of the layers called ``{name}layer0`` and so on."""
    reference = torch.nn.LSTM(inputs, hidden, layers, batch_first=True, dtype=torch.float64)
    for layer in range(layers):
        matrix = weights[f"{name}layer{layer}.kernel"].detach()
        rows = matrix.shape[0] - hidden
        own = {
            f"weight_ih_l{layer}": matrix[:rows].T,
            f"weight_hh_l{layer}": matrix[rows:].T,
            f"bias_ih_l{layer}": weights[f"{name}layer{layer}.bias"].detach(),
            f"bias_hh_l{layer}": torch.zeros(4 * hidden, dtype=torch.float64),
        }
        for parameter, value in own.items():
            getattr(reference, parameter).data.copy_(value)
    return reference


def reference_logits(task, settings, weights, tokens, lengths):
    """Logits of one network for one example after another, in plain PyTorch."""
    layers, hidden = settings["layers"], settings["hidden"]
    one_hot = task.one_hot(torch.as_tensor(tokens), torch.float64)
    found = []
    for x, length in zip(one_hot, lengths, strict=True):
        if task.kind == "description":
            encoder, decoder = (
                torch_lstm(weights, f"{part}.", layers, task.inputs, hidden)
                for part in ("encoder", "decoder")
            )
            states, last = encoder(x[None, :length])
            written, _ = decoder(x[None, task.scene_positions :], last)
            if settings["attention"] == "dot":
                shares = torch.softmax(written @ states.transpose(1, 2), dim=2)
                both = torch.cat([written, shares @ states], dim=2)
                written = torch.tanh(both @ weights["attention.kernel"])
        else:
            written, _ = torch_lstm(weights, "", layers, task.inputs, hidden)(x[None])
            if not task.writes:
                written = written[:, length - 1]
        found.append((written @ weights["readout.kernel"] + weights["readout.bias"])[0])
    return torch.stack(found)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("text_verification", {}),
        ("language_model", {}),
        ("description", {"attention": "none"}),
        ("description", {"attention": "dot"}),
    ],
)
def test_networks_are_those_of_torch(kind, changes):
    task, ensemble = setting(kind, **changes)
    flat = start(ensemble, TRIALS)
    examples = [some_examples(task, seed, n=6) for seed in range(TRIALS)]
    stacked = stack(examples, torch.device("cpu"))
    logits = ensemble.logits(flat, stacked.tokens, stacked.lengths)
    for trial, own in enumerate(examples):
        weights = {name: array[trial] for name, array in ensemble.unpack(flat).items()}
        expected = reference_logits(task, ensemble.settings, weights, own.tokens, own.lengths)
        torch.testing.assert_close(logits[trial], expected, atol=TOLERANCE["float64"], rtol=0)


@pytest.mark.parametrize("reader", ARCHITECTURES)
def test_a_captioner_writes_from_the_numbers_that_its_reader_makes(reader):
    task, ensemble = setting("description", architecture="captioner", reader=reader)
    flat = start(ensemble, TRIALS)
    examples = [some_examples(task, seed, n=6) for seed in range(TRIALS)]
    stacked = stack(examples, torch.device("cpu"))
    logits = ensemble.logits(flat, stacked.tokens, stacked.lengths)
    all_weights = ensemble.unpack(flat)
    # The reader by itself, on scenes as networks that verify get them, with 2 · 6 outputs.
    alone = Ensemble(
        network(reader, hidden=6, layers=2), Reading(SIZE, 1, outputs=12), core="eager"
    )
    assert {name for name in all_weights if name.startswith("reader.")} == {
        f"reader.{name}" for name in alone.shapes
    }
    of_reader = torch.cat(
        [all_weights[f"reader.{name}"].flatten(1) for name in alone.shapes], dim=1
    )
    rows = functional.pad(of_reader, (0, start(alone, 1).shape[1] - of_reader.shape[1]))
    scenes = [some_scenes(seed, 6) for seed in range(TRIALS)]
    tokens = torch.as_tensor(np.stack([own.scenes for own in scenes]))
    made = alone.logits(rows, tokens, stacked.lengths)
    for trial, own in enumerate(examples):
        weights = {name: array[trial] for name, array in all_weights.items()}
        writer = torch_lstm(weights, "writer.", 1, task.inputs, 6)
        words = task.one_hot(torch.as_tensor(own.tokens[:, SIZE:]), torch.float64)
        hidden, cell = made[trial].chunk(2, dim=1)
        states, _ = writer(words, (hidden[None].contiguous(), cell[None].contiguous()))
        expected = states @ weights["readout.kernel"] + weights["readout.bias"]
        torch.testing.assert_close(logits[trial], expected, atol=TOLERANCE["float64"], rtol=0)


# Training and evaluation --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("language_model", {}),
        ("description", {"attention": "dot"}),
        ("description", {"architecture": "captioner", "reader": "feedforward"}),
        ("description", {"architecture": "captioner", "reader": "transformer"}),
    ],
)
def test_a_step_is_within_a_millionth_of_itself_alone(kind, changes):
    task, ensemble = setting(kind, precision="float32", dropout=0.2, **changes)
    examples = [some_examples(task, seed, n=20) for seed in range(TRIALS)]
    stacked = stack(examples, torch.device("cpu"))
    flat = ensemble.initialise([np.random.default_rng(trial) for trial in range(TRIALS)])
    batch = stacked.tokens, stacked.lengths, stacked.labels
    assert_step_within_company(ensemble, flat, batch, range(TRIALS))


def test_probabilities_of_the_next_word_sum_to_one():
    task, ensemble = setting("language_model")
    examples = stack([some_examples(task, seed) for seed in range(TRIALS)], torch.device("cpu"))
    logits = ensemble.logits(start(ensemble, TRIALS), examples.tokens, examples.lengths)
    assert logits.shape == (TRIALS, N, task.positions, len(task.words))
    total = (
        -cross_entropy(logits[..., None, :].expand(*logits.shape, -1), all_words(logits))
    ).exp()
    torch.testing.assert_close(total.sum(dim=-1), torch.ones(logits.shape[:-1]).double())


def all_words(logits):
    return torch.arange(logits.shape[-1]).expand(*logits.shape[:-1], -1)


def trained(kind, steps=60, **changes):
    """Networks that have learned a little, so that some of what they write is right."""
    task, ensemble = setting(kind, **changes)
    stacked = stack([some_examples(task, seed) for seed in range(TRIALS)], torch.device("cpu"))
    streams = [np.random.default_rng(trial) for trial in range(TRIALS)]
    settings = TRAINING | {"learning_rate": 0.03, "max_epochs": steps}
    sides = {"test": stacked}
    outcome = train(ensemble, ensemble.initialise(streams), stacked, sides, streams, settings)
    sizes = [some_scenes(seed).sizes for seed in range(TRIALS)]
    starts = torch.as_tensor(np.stack([task.start_of_sentence(own) for own in sizes]))
    return task, ensemble, outcome.weights, stacked, starts


@pytest.mark.parametrize(
    "changes",
    [{"attention": "none"}, {"attention": "dot"}, {"architecture": "captioner", "reader": "gru"}],
)
def test_greedy_writing_matches_where_every_forced_word_is_right(changes):
    task, ensemble, flat, examples, starts = trained("description", **changes)
    correct = answers(ensemble, flat, examples).correct.astype(bool)
    written = write(ensemble, flat, examples, starts)
    matches = np.array(
        [
            [task.read(found) == task.read(right) for found, right in zip(*own, strict=True)]
            for own in zip(written, examples.labels.numpy(), strict=True)
        ]
    )
    assert (matches == correct).all()
    assert 0 < matches.mean() < 1


def test_words_are_drawn_by_their_probability():
    task, ensemble, flat, _, starts = trained("language_model", steps=5)
    many = 1000
    alike = stack([some_examples(task, 0)[np.zeros(many, dtype=int)]] * TRIALS, flat.device)
    places = starts[:1, :1].expand(TRIALS, many)
    streams = [np.random.default_rng(trial) for trial in range(TRIALS)]
    written = write(ensemble, flat, alike, places, streams)
    logits = ensemble.logits(flat, alike.tokens[:, :1], alike.lengths[:, :1])
    expected = logits[:, 0, places[0, 0]].softmax(dim=-1).numpy()
    for trial in range(TRIALS):
        found = np.bincount(written[trial, :, 0], minlength=len(task.words)) / many
        assert np.abs(found - expected[trial]).max() < 4 * np.sqrt(0.25 / many)


def test_sentence_losses_are_those_of_the_words_behind_the_start():
    task, ensemble, flat, examples, starts = trained("language_model", steps=5)
    logits = ensemble.logits(flat, examples.tokens, examples.lengths)
    found = sentence_losses(ensemble, flat, examples, starts)
    for trial, row in [(0, 0), (1, 7), (2, 29)]:
        labels = examples.labels[trial, row].clone()
        labels[: starts[trial, row]] = IGNORED
        expected = functional.cross_entropy(
            logits[trial, row], labels, ignore_index=IGNORED, reduction="sum"
        )
        assert found[trial, row] == pytest.approx(expected.item())
        words = task.read(labels.numpy()).split()
        assert words[-2:] == ["B", STOP]


@pytest.mark.parametrize("kind", ["language_model", "description"])
def test_scores_count_words_or_sentences(kind):
    task, ensemble, flat, examples, _ = trained(kind, steps=20)
    logits = ensemble.logits(flat, examples.tokens, examples.lengths)
    scores = evaluate(ensemble, flat, examples)
    for trial in range(TRIALS):
        labels = examples.labels[trial]
        asked = labels != IGNORED
        right = logits[trial].argmax(dim=2) == labels
        share = (right | ~asked).all(dim=1) if task.exact else right[asked]
        assert scores.accuracy[trial, -1] == pytest.approx(share.double().mean().item())
        expected = functional.cross_entropy(logits[trial][asked], labels[asked])
        assert scores.loss[trial, -1] == pytest.approx(expected.item())


def test_a_subset_of_texts_has_each_quantifier_in_proportion():
    task = TextTask("language_model", SIZE, NAMES, len(NAMES))
    examples = some_examples(task, 0, n=100)
    part = stratified_subset(examples, 50, np.random.default_rng(0))
    shares = [np.bincount(each.quantifiers, minlength=5) for each in (examples, part)]
    assert np.abs(shares[0] - 2 * shares[1]).max() <= 2


# The scripts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "scenes"), [("language_model", None), ("description", None), ("description", 8)]
)
def test_networks_are_trained_and_write(tmp_path, kind, scenes):
    split = np.where(np.arange(60) % 3 > 0, "train", "test").astype(object)
    parts = [(some_scenes(seed, 60), {"split": split}) for seed in range(2)]
    write_trials(tmp_path / "split.parquet", list(NAMES), parts)
    architecture = "encoder_decoder" if kind == "description" else "lstm"
    settings = {
        "network": network(architecture, hidden=4, precision="float32"),
        "training": TRAINING | {"core": "eager", "scenes": scenes},
    }
    tables.write_csv(samples_table([settings]), tmp_path / "samples.csv")
    files = {
        name: str(tmp_path / f"{name}.{kind_of}")
        for name, kind_of in {"curves": "parquet", "trials": "csv", "cells": "parquet"}.items()
    }
    files["weights"] = str(tmp_path / "weights.safetensors")
    train_samples(
        split_scenes=str(tmp_path / "split.parquet"),
        samples=str(tmp_path / "samples.csv"),
        **files,
        job_samples=[0],
        quantifiers=list(NAMES),
        seed=1,
        device="cpu",
        experiment="words",
        threads=1,
        checkpoint=str(tmp_path / "checkpoint.safetensors"),
        checkpoint_seconds=None,
        code="",
        task=kind,
    )
    cells = tables.read_parquet(files["cells"], columns.CELLS)
    trials = tables.read_csv(files["trials"], columns.TRIALS)
    summed = cells.groupby("trial")[["correct", "scenes"]].sum()
    np.testing.assert_allclose(summed["correct"] / summed["scenes"], trials["test_accuracy"])
    written = []
    for name in ("once", "again"):
        write_texts(
            split_scenes=str(tmp_path / "split.parquet"),
            samples=str(tmp_path / "samples.csv"),
            training_trials=[files["trials"]],
            training_weights=[files["weights"]],
            expressions={name: LEXICON[name].expression for name in NAMES},
            task=kind,
            seed=1,
            device="cpu",
            experiment="words",
            threads=1,
            texts=str(tmp_path / f"{name}.parquet"),
        )
        written.append((tmp_path / f"{name}.parquet").read_bytes())
    assert written[0] == written[1]
    texts = pd.read_parquet(tmp_path / "once.parquet")
    assert len(texts) == sum(all_scenes.truth[split == "test"].sum() for all_scenes, _ in parts)
    if kind == "description":
        exact = (texts["written"] == texts["target"]).groupby(texts["trial"]).mean()
        np.testing.assert_allclose(exact, trials["test_accuracy"])
        sums = texts.groupby("trial")[["loss", "words"]].sum()
        np.testing.assert_allclose(sums["loss"] / sums["words"], trials["test_loss"], rtol=1e-5)
    if scenes is not None:
        # So few scenes cannot have all the sentences and counts that are tested.
        assert trials["train_scenes"].tolist() == [scenes] * len(parts)
        for column, key in (("sentence_trained", "target"), ("counts_trained", ["both", "a_only"])):
            known = (
                texts[texts[column]].groupby("trial")[key].value_counts().groupby("trial").size()
            )
            assert known.max() <= scenes
            assert not texts[column].all()
