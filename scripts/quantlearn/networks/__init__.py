"""An ensemble of networks, and what it needs: tasks, layers, losses."""
