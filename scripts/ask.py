"""Tell on the terminal what came of a question: the verdict on its two quantifiers."""

from collections.abc import Sequence
from typing import Any

from quantlearn.errors import QuantlearnError
from quantlearn.pipeline.jobs import run_job
from quantlearn.report.front_page import answer


def ask(settings: dict[str, Any] | None, verdicts: Sequence[str] = ()) -> None:
    """Print the verdict and what the two mean; where the page is, the end of a run says.

    settings: those of the question's experiment. Raises `QuantlearnError` where nothing is asked.
    """
    if settings is None:
        raise QuantlearnError(
            "nothing is asked: name two quantifiers, as in snakemake --cores all ask "
            """--config ask='["most", "|A & B| >= 3"]'"""
        )
    [table] = verdicts
    print(answer(table, settings["expressions"]))


if __name__ == "__main__":
    run_job(ask, snakemake)
