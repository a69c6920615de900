"""That a core can train what an experiment asks it to."""

from collections.abc import Iterator

from quantlearn.networks.fused.limits import LIMITS, unfit
from quantlearn.settings.distributions import values_of
from quantlearn.settings.schema import Fault
from quantlearn.settings.surroundings import Check, Surroundings, keys

__all__ = ["CORE_CHECKS"]


def _check_fused(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """All networks that an experiment may draw are such as the fused core trains."""
    if "fused" not in values_of(settings["training"]["core"], ()).values():
        return
    for section, name in LIMITS:
        given = settings[section].get(name)
        for key, value in values_of(given, (section, name)).items():
            if value is not None and (text := unfit((section, name), value)):
                yield Fault(key, text)
    if settings["task"] != "verification":
        text = f"{settings['task']} is not for training.core: fused: take verification, or auto"
        yield Fault(("task",), text)


CORE_CHECKS: tuple[tuple[Check, tuple], ...] = (
    (_check_fused, keys("network", "task", "training")),
)
