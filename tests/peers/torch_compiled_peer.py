"""As `torch_peer`, each update one compiled function."""

from functools import partial

import torch
import torch_peer

train = partial(torch_peer.train, compiler=partial(torch.compile, dynamic=False))
