"""Scenes of an experiment: generated, balanced, split, kept in files; what rules without learning reach."""
