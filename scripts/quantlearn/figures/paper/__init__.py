"""Figures of the experiments of 2019, which all experiments have that name no others."""
