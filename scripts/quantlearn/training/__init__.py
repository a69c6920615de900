"""From split scenes to trained networks."""
