"""A feed-forward network that sees all positions of a scene at once."""

SETTINGS = {
    "layers": {
        "description": "Hidden layers",
        "type": "integer",
        "minimum": 1,
        "maximum": 8,
        "default": 2,
    },
    "hidden": {
        "description": "Units in each hidden layer",
        "type": "integer",
        "minimum": 1,
        "maximum": 1024,
        "default": 16,
    },
    "activation": {
        "description": "What each hidden unit does with its sum",
        "enum": ["relu", "tanh", "sigmoid"],
        "default": "relu",
    },
}
