"""The states of recurrent networks along a scene, and how strongly the loss depends on each."""

import torch

from quantlearn.errors import QuantlearnError
from quantlearn.networks.architectures.recurrent import State, unroll_layers
from quantlearn.networks.dropout_and_batch_norm import EVALUATION
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.layers import affine

__all__ = ["state_gradients", "top_states"]


def top_states(
    ensemble: Ensemble, weights: dict[str, torch.Tensor], tokens: torch.Tensor
) -> list[State]:
    """The states of the highest layer at each position: h (trials, batch, hidden), of LSTMs also c.

    ``weights`` are those of `Ensemble.unpack`, tokens (trials, batch, positions). The highest layer
    is the one that is read out. Raises `QuantlearnError` for networks that are not recurrent.
    """
    unroll = getattr(ensemble.architecture, "unroll", None)
    if unroll is None:
        name = ensemble.settings["architecture"]
        raise QuantlearnError(
            f"network.architecture: {name} has no state along a scene: use rnn, gru or lstm"
        )
    layers = unroll_layers(unroll, weights, tokens, ensemble.settings, ensemble.task, EVALUATION)
    return layers[-1]


def state_gradients(
    ensemble: Ensemble, flat: torch.Tensor, tokens: torch.Tensor, labels: torch.Tensor
) -> list[torch.Tensor]:
    """‖∂L/∂s_t‖ of each scene's loss by its state at each position, (trials, batch, positions).

    One tensor for each part of the state: the hidden state h, of LSTMs also the cell state c. The
    derivatives are total ones: s_t acts through all states after it, as in back-propagation through
    time. All scenes fill all positions, and are read out at the last one.
    """
    weights = ensemble.unpack(flat.detach().requires_grad_())
    states = top_states(ensemble, weights, tokens)
    losses = ensemble.loss(affine(states[-1][0], weights, "readout"), labels)
    # A scene's states reach its own loss only, so the sum's derivatives are those of each loss.
    gradients = torch.autograd.grad(losses.sum(), [part for state in states for part in state])
    norms = torch.stack([gradient.norm(dim=2) for gradient in gradients], dim=2)
    parts = len(states[0])
    return [norms[:, :, part::parts] for part in range(parts)]
