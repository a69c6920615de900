"""What the fused core can train; without torch, which checks of settings do not load."""

from collections.abc import Mapping
from typing import Any

from quantlearn.errors import QuantlearnError

__all__ = ["LIMITS", "demand_trainable", "unfit"]

MOST_INPUTS = 64
LIMITS: dict[tuple[str, str], Any] = {
    ("network", "architecture"): ("feedforward", "gru", "lstm", "rnn", "transformer"),
    ("network", "heads"): range(1, 5),
    ("network", "head_size"): range(1, 17),
    ("network", "hidden"): range(1, 65),
    ("network", "precision"): ("float32",),
    ("network", "dropout"): (0,),
    ("training", "batch_size"): range(1, 65),
    ("training", "optimiser"): ("adam", "adamw"),
}
"""The values of settings that it trains networks with; of all others any.

Tiles hold 64 units and 64 scenes, and those of a head 16 numbers: 4 of them are 64 again.
"""


def unfit(key: tuple[str, str], value: Any) -> str | None:
    """Say what is wrong with a setting's value, None where the fused core trains with it.

    >>> unfit(("network", "hidden"), 100)
    '100 is not for training.core: fused, which trains with 1 to 64: take one, or the core auto'
    """
    fit = LIMITS[key]
    if value in fit:
        return None
    known = f"{fit[0]} to {fit[-1]}" if isinstance(fit, range) else " or ".join(map(str, fit))
    return (
        f"{value} is not for training.core: fused, which trains with {known}: take one, or the "
        "core auto"
    )


def demand_trainable(section: str, settings: Mapping[str, Any]) -> None:
    """Raise `QuantlearnError` for a setting of a section that it cannot train with."""
    for key in LIMITS:
        if key[0] == section and key[1] in settings and (text := unfit(key, settings[key[1]])):
            raise QuantlearnError(f"{'.'.join(key)}: {text}")
