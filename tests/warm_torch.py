"""Load what torch loads with its first optimiser step, once for all jobs that are forked."""

import torch

parameter = torch.nn.Parameter(torch.zeros(1))
parameter.grad = torch.ones(1)
torch.optim.Adam([parameter]).step()
