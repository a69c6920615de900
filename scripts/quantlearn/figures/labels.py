"""The words in which figures and pages speak of settings and splits."""

from quantlearn.networks.settings import ARCHITECTURES as NETWORKS

__all__ = [
    "ARCHITECTURES",
    "BASELINE_NAMES",
    "SPLITS",
    "STEPS",
    "UNIVERSALS",
    "VERDICTS",
    "ZONES",
]

SPLITS = {"train": "training", "dev": "development", "test": "test"}
ZONES = {"both": "A∩B", "a_only": "A∖B", "b_only": "B∖A", "neither": "neither"}
ARCHITECTURES = {key: architecture.name for key, architecture in NETWORKS.items()}
BASELINE_NAMES = {"majority": "majority", "size": "size alone", "zone_counts": "zone counts alone"}

VERDICTS = {
    "sooner": "first sooner",
    "later": "first later",
    "no_difference": "no difference that matters",
    "open": "open",
}
"""What verdicts are called in tables and figures."""

UNIVERSALS = {
    "right_upward": "upward in B",
    "right_downward": "downward in B",
    "left_upward": "upward in A",
    "left_downward": "downward in A",
    "quantity": "quantity",
    "conservativity": "conservativity",
    "extensionality": "extensionality",
}
STEPS = {
    "right_upward": "one more object is a B",
    "right_downward": "one object is no longer a B",
    "left_upward": "one more object is an A",
    "left_downward": "one object is no longer an A",
    "quantity": "two neighbours change places",
    "conservativity": "one object outside A joins or leaves B",
    "extensionality": "one object that is neither comes or goes",
}
"""Universal → what happens between the two scenes of a pair that breaks it."""
