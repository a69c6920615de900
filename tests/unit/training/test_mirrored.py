"""A network and its mirror image learn alike, whatever its architecture: train(Q) = train(σQ)."""

from pathlib import Path

import numpy as np
import pytest
from small_networks import ARCHITECTURES, network

from quantlearn.networks.settings import ARCHITECTURES as NETWORKS
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.symmetry import Symmetry, relabelling
from quantlearn.training.mirrored import FIRST_KERNELS, Mirrored, learning_curves

LEXICON = load_lexicon(Path(__file__).parents[3] / "config" / "quantifiers.yaml")
SPACE = Space(1, 6)
TRAINING = {
    "shuffle_buffer": None,
    "optimiser": "adam",
    "weight_decay": 0.0,
    "learning_rate": 0.01,
    "batch_size": 8,
    "max_epochs": 4,
    "evaluate_every": 20,
    "monitor": "test",
    "stop_loss": None,
    "patience": None,
}
SIZES = {
    "transformer": {"layers": 1, "heads": 2, "head_size": 2, "hidden": 4},
    "feedforward": {"layers": 1, "hidden": 6},
}


def small(architecture, **changes):
    return network(architecture, **SIZES.get(architecture, {"layers": 1, "hidden": 4}), **changes)


def mirrored(symmetry, *names, places=(0,), images=()):
    quantifiers = [LEXICON[name] for name in names]
    own = [LEXICON[name] for name in images] or [symmetry.of(each) for each in quantifiers]
    return Mirrored(symmetry, quantifiers, own, places)


SWAPPED = relabelling(a_only="b_only", b_only="a_only")
CASES = {
    "negated": mirrored(Symmetry(negates=True), "at_least_4", images=["at_most_3"]),
    "shared": mirrored(
        SWAPPED, "not_all", "not_only", places=(1, 0), images=["not_only", "not_all"]
    ),
    "any": mirrored(Symmetry((3, 0, 2, 1), negates=True), "first_3", "most", "M", places=(2, 0, 1)),
}


@pytest.mark.parametrize(
    ("case", "architecture", "core"),
    [
        *((case, architecture, "auto") for case in CASES for architecture in ARCHITECTURES),
        *(("any", architecture, "eager") for architecture in ("gru", "lstm", "rnn")),
    ],
)
def test_a_network_and_its_mirror_image_have_one_learning_curve(architecture, core, case):
    own, image = learning_curves(small(architecture), TRAINING, CASES[case], SPACE, 1, core)
    assert len(own) == 6  # after steps 1, 21, … 81, and 100, the last
    assert np.ptp(own, axis=0).min() > 1e-3
    np.testing.assert_allclose(own, image, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        ("lstm", {"padding": "read", "layers": 2}),
        ("feedforward", {"batch_norm": True}),
        ("transformer", {"position": "learned", "padding": "read"}),
    ],
)
def test_padding_and_batch_norm_keep_it(architecture, changes):
    own, image = learning_curves(
        {**small(architecture), **changes}, TRAINING, CASES["any"], SPACE, 2
    )
    np.testing.assert_allclose(own, image, rtol=0, atol=1e-9)


def test_every_architecture_that_verifies_is_checked():
    verifying = {name for name, one in NETWORKS.items() if "verification" in one.tasks}
    assert set(FIRST_KERNELS) == verifying == set(ARCHITECTURES)


def test_other_quantifiers_have_other_curves():
    """The check would notice: first_3 is no relabelling of last_3."""
    wrong = Mirrored(Symmetry(), [LEXICON["first_3"]], [LEXICON["last_3"]])
    own, image = learning_curves(small("lstm"), TRAINING, wrong, SPACE, 1)
    assert np.abs(own - image).max() > 1e-3


def test_the_image_of_an_expression_is_what_the_mirrored_network_learns():
    symmetry = relabelling(both="a_only", a_only="b_only", b_only="both")
    case = Mirrored(symmetry, [LEXICON["most"]], [Quantifier("M", LEXICON["M"].expression)])
    own, image = learning_curves(small("gru"), TRAINING, case, SPACE, 3)
    np.testing.assert_allclose(own, image, rtol=0, atol=1e-9)
