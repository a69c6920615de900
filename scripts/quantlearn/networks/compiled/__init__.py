"""Networks compiled for the CPU: README.md says how."""
