"""From YAML to checked experiments and their samples of hyperparameters."""
