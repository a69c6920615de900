"""Early stopping in training, against the curves of the same runs without it."""

import numpy as np
from test_training import FEEDFORWARD, curve, run, training_settings

from quantlearn.figures.practice import overfitting


def test_training_stops_where_the_curve_of_the_full_run_says():
    settings = training_settings(max_epochs=60, learning_rate=0.03)
    trials, patience = list(range(5)), 4
    _, full = run(FEEDFORWARD, trials, settings)
    _, stopped = run(FEEDFORWARD, trials, settings | {"patience": patience})
    assert "patience" in stopped.stop_reason
    for trial in trials:
        steps, losses = np.array(curve(full, trial))[:, [0, 2]].T
        stop, best = overfitting.stopping_point(losses, patience)
        assert stopped.steps[trial] == steps[stop]
        assert stopped.best_step[trial] == steps[best]
