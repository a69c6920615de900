"""Whether the networks of an experiment can start from those of another one, by both's settings."""

from collections.abc import Iterator, Mapping

from quantlearn.distributions import values_of
from quantlearn.schema import Fault, did_you_mean, shown

__all__ = ["find_start_faults"]

# Settings of a network that decide neither which weights it has nor what it does with them.
FREE_OF_START = ("initialisation", "dropout", "quantifiers")


def find_start_faults(settings: dict, experiments: Mapping[str, dict]) -> Iterator[Fault]:
    """What keeps the networks of an experiment from starting from those of its ``start_from``.

    ``experiments`` are those of the run that are without faults so far.
    """
    source = experiments.get(settings["start_from"])
    if source is None:
        return
    chain = [settings["name"], source["name"]]
    while (name := experiments.get(chain[-1], {}).get("start_from")) and name not in chain:
        chain.append(name)
    if name == settings["name"]:
        text = f"{', which starts from '.join([*chain[1:], name])}: nothing can come first"
        yield Fault(("start_from",), f"starts from {text}")
    elif source["search"] is not None:
        text = (
            f"{source['name']} is a search and has several networks for each trial: name an "
            "experiment without search"
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
    search = settings["search"]
    variants = search["space"]["network"] if search else [settings["network"]]
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
