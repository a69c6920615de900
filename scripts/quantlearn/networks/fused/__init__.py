"""Networks that train on a GPU in one launch for many steps: README.md says how."""
