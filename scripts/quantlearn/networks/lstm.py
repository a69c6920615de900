"""The LSTM of the 2019 experiments."""

SETTINGS = {
    "layers": {
        "description": "LSTM layers, one on top of the other",
        "type": "integer",
        "minimum": 1,
        "maximum": 8,
        "default": 2,
    },
    "hidden": {
        "description": "Units in each layer",
        "type": "integer",
        "minimum": 1,
        "maximum": 1024,
        "default": 12,
    },
    "padding": {
        "description": "Padding rows at the end of a scene: `masked` (read out at the last object) "
        "or `read` (read out at position max_size, as the published data were made)",
        "enum": ["masked", "read"],
        "default": "masked",
    },
}
