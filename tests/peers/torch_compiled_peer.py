"""As `torch_peer`, each update one compiled function."""

from functools import partial

import torch
import torch_peer


def prepare(case, p):
    return partial(torch.compile(torch_peer.UPDATES[case], dynamic=False), p)


train = partial(torch_peer.train, prepare=prepare)
