"""Which device and precision the hub's models run with: a GPU in half precision where there is one, else the CPU."""

from __future__ import annotations

from dataclasses import dataclass

from enrichers.engines.hub.source import missing_extra


@dataclass(frozen=True, slots=True)
class Device:
    """`name` for torch and CTranslate2 (`cuda` or `cpu`), and whether torch's weights are halved."""

    name: str
    half: bool

    @property
    def ctranslate2_type(self) -> str:
        """CTranslate2's `compute_type`: eight-bit weights on both, with half floats beside them on a GPU."""
        return "int8_float16" if self.half else "int8"


def best_device(threads: int) -> Device:
    """What is there. `threads` is how many torch may use on the CPU; raises MissingDependency without torch."""
    try:
        import torch
    except ImportError:
        raise missing_extra() from None
    if torch.cuda.is_available():
        return Device("cuda", half=True)
    torch.set_num_threads(threads)
    return Device("cpu", half=False)
