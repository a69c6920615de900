"""Which measures of a quantifier go together: rank correlations over all quantifiers.

Blue goes with more, red with less; bold numbers have p < 0.05 after Holm's adjustment over all
pairs. Measures that are the same for all quantifiers are left out.
"""

from typing import Any

import numpy as np

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.atlas.atlas_measures import NAMES
from quantlearn.pipeline.jobs import run_job
from quantlearn.statistics.comparison import LEVEL


def plot_atlas_measures(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the lower half of the matrix."""
    frame = tables.read_csv(numbers, tables.ATLAS_MEASURES)
    varying = set(frame.dropna(subset="estimate")[["first", "second"]].to_numpy().ravel())
    names = [name for name in NAMES if name in varying] or list(NAMES)
    frame = frame[frame["first"].isin(names) & frame["second"].isin(names)]
    matrix = np.full((len(names), len(names)), np.nan)
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 5.6)
        axes = figure.subplots()
        for row in frame.itertuples():
            place = names.index(row.second), names.index(row.first)
            matrix[place] = row.estimate
            if not np.isnan(row.estimate):
                axes.text(
                    *place[::-1],
                    f"{row.estimate:.2f}".replace("-", "−").replace("0.", "."),
                    ha="center",
                    va="center",
                    fontsize=8,
                    weight="bold" if row.p_adjusted < LEVEL else "normal",
                    color="white" if abs(row.estimate) > 0.6 else "black",
                )
        picture = axes.imshow(matrix[1:, :-1], cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
        picture.set_extent((-0.5, len(names) - 1.5, len(names) - 0.5, 0.5))
        labels = [NAMES[name] for name in names]
        slanted = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
        axes.set_xticks(range(len(names) - 1), labels[:-1], **slanted)
        axes.set_yticks(range(1, len(names)), labels[1:])
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        n = int(frame["n"].max())
        axes.set_title(f"Rank correlation (n = {n} quantifiers)")
        style.save_figure(figure, svg, pdf, png)


if __name__ == "__main__":
    run_job(plot_atlas_measures, snakemake)
