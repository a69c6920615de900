"""Load once, for all forks, what Snakemake and jobs load: modules, schemas, digests of the code.

A fork reads again what was edited since.
"""

import runpy
from pathlib import Path

import torch
from snakemake.cli import get_argument_parser

from quantlearn.figures.registry import FIGURES, module_of, outline, template_of
from quantlearn.pipeline.code_version import code_digest
from quantlearn.settings.schema import load_schema

ROOT = Path(__file__).parents[1]

scripts = sorted(ROOT.glob("scripts/*.py"))
for script in scripts:
    runpy.run_path(str(script))

# What torch loads with its first optimiser step.
parameter = torch.nn.Parameter(torch.zeros(1))
parameter.grad = torch.ones(1)
torch.optim.Adam([parameter]).step()

load_schema("config")
load_schema("experiment")

get_argument_parser()  # loads Snakemake's plugins
for figure in FIGURES:
    outline(figure)
files = [*map(module_of, FIGURES), *filter(Path.exists, map(template_of, FIGURES))]
code_digest([*scripts, *files], ROOT / "scripts")
