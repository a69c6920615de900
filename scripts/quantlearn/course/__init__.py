"""The computations of the course: from one neuron to the training of networks, in small modules.

They are written to be read beside the course page, in its notation: inputs and weights are rows and
matrices as in a = f(x W + b). The training code proper is in `quantlearn.training`.
"""
