"""One launch for a whole update: a function of tensors, recorded on a GPU and replayed.

Small networks leave a GPU idle: an update is hundreds of operations, and launching each takes
longer than computing it. A CUDA graph records them once and launches them all together. It always
reads and writes the same memory, so the batches of a round lie in one buffer, and a counter on the
device tells which of them is next: between two updates the host copies and waits for nothing.
"""

import logging
import warnings
from collections.abc import Callable

import torch

__all__ = ["Replayed"]

log = logging.getLogger("quantlearn")

# Calls before the recording: libraries set themselves up, and caches fill, in the first ones.
_WARM_UP = 3


class Replayed:
    """``function`` called again and again on tensors of the same shapes, in one launch each time.

    It takes and returns tensors on one device. Whatever else it changes it changes in place and on
    the device, and it never asks for a value there. At most ``most`` calls are made at once.

    The first calls run as they are and count like all others. Then, on a GPU, one is recorded, and
    from there on the record is replayed; where it cannot be recorded, ``failed`` is true, the log
    says why, and calls go on running as they are. On a CPU there is nothing to record.

    >>> total = torch.zeros(2)
    >>> replayed = Replayed(lambda x: total.add_(x).clone(), most=5)
    >>> replayed(torch.ones(3, 2))
    tensor([[1., 1.],
            [2., 2.],
            [3., 3.]])
    """

    def __init__(self, function: Callable[..., torch.Tensor], most: int) -> None:
        self.failed = False
        self._function = function
        self._most = most
        self._calls = 0
        self._inputs: list[torch.Tensor] = []
        self._results: torch.Tensor | None = None
        self._next: torch.Tensor | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._stream: torch.cuda.Stream | None = None

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        """The results for ``inputs[0][k], inputs[1][k], …``, k = 0, 1, …, stacked."""
        calls = len(inputs[0])
        if not self._inputs:
            self._allocate(inputs)
        for buffer, values in zip(self._inputs, inputs, strict=True):
            buffer[:calls] = values
        self._next.zero_()
        for _ in range(calls):
            self._call_once()
        return self._results[:calls].clone()

    def _allocate(self, inputs: tuple[torch.Tensor, ...]) -> None:
        self._inputs = [one.new_zeros(self._most, *one.shape[1:]) for one in inputs]
        self._next = torch.zeros(1, dtype=torch.int64, device=inputs[0].device)
        if inputs[0].device.type == "cuda":
            self._stream = torch.cuda.Stream(inputs[0].device)

    def _call_once(self) -> None:
        if self._stream is None or self.failed:
            self._run()
        elif self._graph is not None:
            self._graph.replay()
        elif self._calls < _WARM_UP:
            self._warm_up(self._stream)
        else:
            self._record(self._stream)
            self._call_once()
            return
        self._calls += 1

    def _warm_up(self, stream: torch.cuda.Stream) -> None:
        """A call on the stream of the recording, for which libraries keep memory apart."""
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream), warnings.catch_warnings():
            # An optimiser made for recording warns when it is not recorded.
            warnings.filterwarnings("ignore", "This instance was constructed with capturable=True")
            self._run()
        torch.cuda.current_stream().wait_stream(stream)

    def _record(self, stream: torch.cuda.Stream) -> None:
        """Record a call; nothing is computed by that."""
        graph = torch.cuda.CUDAGraph()
        try:
            # The outer context restores the stream, which a recording that fails does not.
            with (
                torch.cuda.stream(torch.cuda.current_stream()),
                torch.cuda.graph(graph, stream=stream),
            ):
                self._run()
        except RuntimeError as fault:
            self.failed = True
            log.warning("not recorded as a CUDA graph, goes on without, slowly: %s", fault)
        else:
            self._graph = graph

    def _run(self) -> None:
        """What is recorded: one call of the function on the next of its inputs."""
        inputs = (buffer.index_select(0, self._next).squeeze(0) for buffer in self._inputs)
        result = self._function(*inputs)
        if self._results is None:
            self._results = result.new_zeros(self._most, *result.shape)
        self._results.index_copy_(0, self._next, result[None])
        self._next += 1
