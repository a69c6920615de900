"""Scenes of an experiment: generated, balanced, split, in files; what rules make of them."""
