"""How fast networks are trained."""
