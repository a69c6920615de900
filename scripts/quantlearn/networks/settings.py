"""The architectures: what reports call each, its settings, and the tasks it can do.

A setting is a JSON Schema property with a description and a default. Networks themselves are in
``architectures``, a module each; here is no torch, which takes seconds to import and which no job
needs that only reads settings.
"""

from typing import Any, NamedTuple

__all__ = ["ARCHITECTURES", "Architecture"]

Setting = dict[str, Any]


class Architecture(NamedTuple):
    """What is known of an architecture before it is imported.

    ``is_recurrent`` says that it has a state along a scene, which its module's `unroll` computes.
    """

    name: str
    settings: dict[str, Setting]
    tasks: tuple[str, ...] = ("verification",)
    is_recurrent: bool = False


def _number(description: str, most: int, default: int) -> Setting:
    bounds = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return {"description": description, **bounds}


def _choice(description: str, values: list[str], default: str) -> Setting:
    return {"description": description, "enum": values, "default": default}


def _layers(description: str, default: int = 2) -> Setting:
    return _number(description, most=8, default=default)


def _hidden(description: str, default: int) -> Setting:
    return _number(description, most=1024, default=default)


def _padding(masked: str, read: str) -> Setting:
    description = f"Padding rows at the end of a scene: `masked` ({masked}) or `read` ({read})"
    return _choice(description, ["masked", "read"], "masked")


def _dropout(units: str) -> Setting:
    description = f"Probability with which training leaves out {units}"
    bounds = {"type": "number", "minimum": 0, "maximum": 0.95, "default": 0.0}
    return {"description": description, **bounds}


def _activation(description: str) -> Setting:
    known = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu", "gelu"]
    return _choice(description, known, "relu")


_STACKED = "layers, one on top of the other"
_BETWEEN_LAYERS = _dropout("a hidden unit, between layers and before the read-out")


def _recurrent(
    name: str, layers: str, own: dict[str, Setting], read: str = "read out at position max_size"
) -> Architecture:
    settings = {
        "layers": _layers(f"{layers} {_STACKED}"),
        "hidden": _hidden("Units in each layer", 12),
        **own,
        "padding": _padding("read out at the last object", read),
        "dropout": _BETWEEN_LAYERS,
    }
    tasks = ("verification", "text_verification", "language_model")
    return Architecture(name, settings, tasks, is_recurrent=True)


ARCHITECTURES: dict[str, Architecture] = {
    "captioner": Architecture(
        "captioner",
        {
            "reader": _choice(
                "Architecture of the network that reads the scene; what is not set here is its "
                "default",
                ["feedforward", "gru", "lstm", "rnn", "transformer"],
                "lstm",
            ),
            "layers": _layers("Layers of the reader; the writer has one", default=1),
            "hidden": _hidden("Units in each layer of the reader, and in the writer", 32),
            "dropout": _dropout(
                "a hidden unit of the reader, where its architecture does so, and of the writer "
                "before the read-out"
            ),
        },
        tasks=("description",),
    ),
    "encoder_decoder": Architecture(
        "LSTM encoder and decoder",
        {
            "layers": _layers("LSTM layers of the encoder, and as many of the decoder", default=1),
            "hidden": _hidden("Units in each layer", 32),
            "attention": _choice(
                "How the decoder looks back at the scene: `none` (it knows the encoder's last "
                "states only) or `dot` (it weighs the states at all objects at each word)",
                ["none", "dot"],
                "none",
            ),
            "dropout": _BETWEEN_LAYERS,
        },
        tasks=("description",),
    ),
    "feedforward": Architecture(
        "feed-forward network",
        {
            "layers": _layers("Hidden layers"),
            "hidden": _hidden("Units in each hidden layer", 16),
            "activation": _activation("What each hidden unit does with its sum"),
            "objects": _choice(
                "How an object is told: `one_hot` (an input for each zone, as in 2019) or `binary` "
                "(one input, 1 in A∩B and 0 elsewhere, and none for the quantifier where there is "
                "but one)",
                ["one_hot", "binary"],
                "one_hot",
            ),
            "dropout": _dropout("a hidden unit"),
            "batch_norm": {
                "description": "Whether hidden sums are normalised over the batch (in use, by the "
                "running mean and variance)",
                "type": "boolean",
                "default": False,
            },
        },
    ),
    "gru": _recurrent("GRU", "GRU", {}),
    "lstm": _recurrent(
        "LSTM", "LSTM", {}, "read out at position max_size, as the published data were made"
    ),
    "rnn": _recurrent(
        "Elman network",
        "Recurrent",
        {"activation": _choice("What each unit does with its sum", ["tanh", "relu"], "tanh")},
    ),
    "transformer": Architecture(
        "transformer encoder",
        {
            "layers": _layers(f"Encoder {_STACKED}"),
            "heads": _number("Attention heads in each layer", most=16, default=2),
            "head_size": _number(
                "Numbers in each head; the model's width is heads · head_size", most=256, default=6
            ),
            "hidden": _number(
                "Units of the feed-forward part of each layer", most=4096, default=24
            ),
            "activation": _activation("What each unit of the feed-forward part does with its sum"),
            "position": _choice(
                "How an object's place in the scene is told: `sinusoidal` (fixed waves), `learned` "
                "(a vector for each place) or `none` (the order is not seen)",
                ["sinusoidal", "learned", "none"],
                "sinusoidal",
            ),
            "padding": _padding("no attention is paid to them", "as to objects"),
            "dropout": _dropout("a unit of the feed-forward part"),
        },
    ),
}
"""Architecture → what is known of it, in alphabetical order."""
