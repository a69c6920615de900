"""Load what torch loads with its first optimiser step, and the schemas, once for all forks."""

import torch

from quantlearn.settings.schema import load_schema

parameter = torch.nn.Parameter(torch.zeros(1))
parameter.grad = torch.ones(1)
torch.optim.Adam([parameter]).step()

load_schema("config")
load_schema("experiment")
