"""Whether the networks of an experiment can start from those of another one, by both's settings."""

import itertools
from collections.abc import Iterator, Mapping

from quantlearn.settings.distributions import combinations, values_of
from quantlearn.settings.schema import Fault, did_you_mean, shown
from quantlearn.settings.search import distributions_of

__all__ = ["find_start_faults", "like_networks"]

# Settings of a network that decide neither which weights it has nor what it does with them.
FREE_OF_START = ("initialisation", "dropout", "quantifiers")


def find_start_faults(settings: dict, experiments: Mapping[str, dict]) -> Iterator[Fault]:
    """What keeps the networks of an experiment from starting from those of its ``start_from``.

    ``experiments`` are those of the run that are without faults so far.
    """
    source = experiments.get(settings["start_from"])
    if source is None:
        return
    search, chain = source["search"], [settings["name"], source["name"]]
    while (name := experiments.get(chain[-1], {}).get("start_from")) and name not in chain:
        chain.append(name)
    if name == settings["name"]:
        text = f"{', which starts from '.join([*chain[1:], name])}: nothing can come first"
        yield Fault(("start_from",), f"starts from {text}")
    elif source["groups"] is not None:
        text = (
            f"{source['name']} has networks that each learn a group of quantifiers, from which "
            "none can start: name an experiment without groups"
        )
        yield Fault(("start_from",), text)
    elif search and (search["sampler"] != "grid" or distributions_of(source["training"])):
        text = (
            f"{source['name']} is a search with several samples of like networks: name an "
            "experiment without search, or a grid over settings of the network alone"
        )
        yield Fault(("start_from",), text)
    else:
        yield from _unlike_source(settings, source)


def _unlike_source(settings: dict, source: dict) -> Iterator[Fault]:
    name = source["name"]
    if settings["trials"] > source["trials"]:
        text = (
            f"{settings['trials']} is more than the {source['trials']} of {name}, from whose "
            "networks these start: lower it or give that as many"
        )
        yield Fault(("trials",), text)
    texts = "verification" not in (settings["task"], source["task"])
    if texts and settings["quantifiers"] != source["quantifiers"]:
        text = (
            f"are not those of {name}, from whose networks these start, so that words would have "
            "other inputs: write the same ones in the same order"
        )
        yield Fault(("quantifiers",), text)
    networks = source["quantifiers"] if not source["training"]["together"] else ["all"]
    for key, start in values_of(settings["training"]["start"], ("training", "start")).items():
        if start is not None and start not in networks:
            hint = did_you_mean(start, networks) or f"; there are {', '.join(networks)}"
            yield Fault(key, f"{shown(start)} is not a network of {name}{hint}")
    yield from _unlike_networks(settings, source)


def _unlike_networks(settings: dict, source: dict) -> Iterator[Fault]:
    name, variants = source["name"], _network_variants(settings)
    if source["search"] is not None:
        trained = list(itertools.chain(*map(combinations, _network_variants(source))))
        for wanted in variants:
            yield from _unlike_samples(wanted, trained, name)
        return
    for key, value in source["network"].items():
        others = [each[key] for each in variants if key in each and each[key] != value]
        if key not in FREE_OF_START and others:
            text = (
                f"{shown(settings['network'].get(key, others[0]))} is not {shown(value)}, which it "
                f"is in {name}, from whose networks these start: write the same"
            )
            yield Fault(("network", key), text)
            if key == "architecture":
                return  # of which the others are settings


def _unlike_samples(wanted: dict, trained: list[dict], name: str) -> Iterator[Fault]:
    """Where not exactly one of the ``trained`` networks is like those of a variant."""
    binding = _binding(wanted)
    for key, value in distributions_of(binding).items():
        if "choice" not in value:
            text = f"{shown(value)} is not a choice among the networks of {name}: write one"
            yield Fault(("network", key), text)
            return
    for one in combinations(binding):
        like = sum(like_networks(one, other) for other in trained)
        if like != 1:
            settings = ", ".join(f"{key} {shown(value)}" for key, value in one.items())
            text = (
                f"{like or 'no'} samples of {name}, from whose networks these start, have "
                f"{settings}: there must be one"
            )
            yield Fault(("network",), text)
            return


def _network_variants(settings: dict) -> list[dict]:
    search = settings["search"]
    return search["space"]["network"] if search else [settings["network"]]


def like_networks(one: dict, other: dict) -> bool:
    """Whether networks with these settings have the same weights and do the same with them.

    >>> like_networks({"hidden": 4, "dropout": 0.5}, {"hidden": 4, "dropout": 0.0})
    True
    >>> like_networks({"hidden": 4}, {"hidden": 5})
    False
    """
    return _binding(one) == _binding(other)


def _binding(network: dict) -> dict:
    return {key: value for key, value in network.items() if key not in FREE_OF_START}
