"""The words in which figures and pages speak of settings and splits."""

from quantlearn.networks.settings import ARCHITECTURES as NETWORKS

__all__ = ["ARCHITECTURES", "BASELINE_NAMES", "SPLITS", "ZONES"]

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
