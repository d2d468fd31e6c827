"""The training process: how it imports PyTorch, one thread, and an allocator that keeps its memory."""

from __future__ import annotations

import ctypes
import gc
import sys


def load_libraries() -> None:
    """Import PyTorch and Lightning, at two thirds of the usual cost.

    That makes a million objects that live as long as the process. Searching them for garbage again and again costs a
    third of the import, so they are made with the collector off and then set aside.
    """
    gc.disable()
    import pytorch_lightning  # noqa: F401
    import torch._dynamo  # noqa: F401

    gc.freeze()
    gc.enable()


def prepare_process() -> None:
    """Set one thread and, under glibc, an allocator that reuses large blocks.

    Parallelism is over shards. Without the second, every step maps and unmaps its large temporaries, and page
    faults cost 10 to 20 % of the CPU time.
    """
    import torch

    torch.set_num_threads(1)
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4
        libc.mallopt(m_mmap_max, 0)
        libc.mallopt(m_trim_threshold, 2**31 - 1)
        libc.mallopt(m_top_pad, 64 << 20)
