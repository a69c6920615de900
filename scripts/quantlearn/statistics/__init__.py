"""From learning curves to convergence steps, estimates and comparisons."""
