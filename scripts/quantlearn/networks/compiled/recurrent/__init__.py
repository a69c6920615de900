"""Recurrent networks compiled for the CPU."""
