"""What surrounds a job: its arguments, faults, code version, machine, record."""
