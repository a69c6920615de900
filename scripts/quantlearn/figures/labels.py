"""The words in which tables and sentences speak of settings, splits and results."""

from quantlearn.networks.settings import ARCHITECTURES as NETWORKS

__all__ = [
    "ARCHITECTURES",
    "BASELINE_NAMES",
    "LOSSES",
    "OPTIMISERS",
    "SPLITS",
    "SPLIT_BY",
    "TASKS",
    "ZONES",
]

SPLITS = {"train": "training", "dev": "development", "test": "test"}
ZONES = {"both": "A∩B", "a_only": "A∖B", "b_only": "B∖A", "neither": "neither"}
SPLIT_BY = {
    "scene": "no scene of a quantifier is in two of them",
    "zone_counts": "scenes with the same number of objects in each zone are in the same one",
    "size": "scenes of the same size are in the same one",
}
ARCHITECTURES = {key: architecture.name for key, architecture in NETWORKS.items()}
TASKS = {
    "verification": "A network sees a scene and says whether the quantifier is true:",
    "text_verification": "A network reads a scene and a sentence, word by word, and says whether "
    "the sentence is true. The quantifiers of the sentences:",
    "language_model": "A network reads scenes with true sentences about them and says after each "
    "word which one is next. The quantifiers of the sentences:",
    "description": "A network sees a scene and writes, word by word, the most informative sentence "
    "that is true: the one that fewest combinations of numbers of objects in the zones make true. "
    "The quantifiers of the sentences:",
}
OPTIMISERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}
BASELINE_NAMES = {"majority": "majority", "size": "size alone", "zone_counts": "zone counts alone"}
LOSSES = {"cross_entropy": "cross entropy", "squared_error": "squared error"}
