"""What a language model has learned from texts of scenes and true sentences.

On the left the perplexity of the words of a sentence, of the network and of models that do not look
at the scene (a lower one is better, 1 is certainty). On the right, for each quantifier, the share
of true sentences among those that networks write about test scenes (filled), and the share of
scenes of which the sentence is true at all (hollow). Bars are 95 % t intervals over trials.
"""

from typing import Any

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.course.language_model import MODELS
from quantlearn.pipeline.jobs import run_job

NETWORK, GREY = style.OKABE_ITO[0], "0.75"
LABELS = {
    "network": "network",
    "blind": "sentences\nby frequency",
    "unigram": "words\nby frequency",
    "uniform": "all words\nalike",
}


def plot_language_model(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the perplexities and the truths of the analysis."""
    table = tables.read_csv(numbers, tables.LANGUAGE_MODEL)
    names = settings["quantifiers"]
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.2)
        left, right = figure.subplots(1, 2, width_ratios=(4, 5))
        rows = table[(table["kind"] == "perplexity") & (table["quantifier"] == "all")]
        rows = rows.set_index("model").loc[list(MODELS)]
        places = range(len(rows))
        left.barh(places, rows["estimate"], color=[NETWORK, *[GREY] * (len(rows) - 1)])
        left.hlines(places, rows["lower"], rows["upper"], color="black", linewidth=1.2)
        for place, estimate in zip(places, rows["estimate"], strict=True):
            left.text(1.06 * estimate, place, f"{estimate:.3g}", va="center", fontsize=8)
        left.set_xscale("log")
        left.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        left.minorticks_off()
        left.set_xlim(1, 2 * rows["estimate"].max())
        left.set_yticks(places, [LABELS[name] for name in rows.index], fontsize=8)
        left.invert_yaxis()
        left.set_xlabel("Perplexity of a sentence's words")
        true = table[table["kind"] == "true"].set_index(["model", "quantifier"])
        for model, face, label in (
            ("network", NETWORK, "written by the network about the scene"),
            ("blind", "white", "about any scene"),
        ):
            own = true.loc[model].reindex(names)
            places = range(len(names))
            right.vlines(places, own["lower"], own["upper"], color=NETWORK, linewidth=1.2)
            right.plot(
                places, own["estimate"], "o", color=NETWORK, markerfacecolor=face, label=label
            )
        right.set_xticks(
            range(len(names)), [style.label(name).replace(" ", "\n") for name in names], fontsize=7
        )
        right.set_ylim(-0.02, 1.02)
        right.set_ylabel("True sentences")
        figure.legend(loc="outside lower right", ncols=2)
        n = int(rows["n"].max())
        figure.suptitle(
            f"{settings['title']} (n = {n} trials)", x=0.01, ha="left", fontsize=9, wrap=True
        )
        style.save_figure(figure, svg, pdf, png)


if __name__ == "__main__":
    run_job(plot_language_model, snakemake)
