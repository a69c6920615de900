"""The course: its steps, computed and drawn."""
