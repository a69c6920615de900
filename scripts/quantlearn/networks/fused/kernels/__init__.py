"""Triton kernels: the only modules that import Triton."""
