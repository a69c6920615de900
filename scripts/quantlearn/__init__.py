"""Quantlearn: which meanings do neural networks find easy to learn?

The library behind the pipeline. It knows no result paths and nothing of Snakemake.
"""
