"""Training: many runs stacked in one Lightning module, each exactly as if it were alone.

Every random number is a pure function of a run's seed, a purpose and a step, and every tensor operation treats
the runs row by row, so that a run gives the same numbers in any stack.
"""

import gc

# Importing PyTorch and Lightning makes a million objects that live as long as the process. Searching them for
# garbage again and again costs a third of the import, so they are made with the collector off and then set aside.
gc.disable()
import pytorch_lightning  # noqa: E402, F401
import torch._dynamo  # noqa: E402, F401

gc.freeze()
gc.enable()
