"""Where tensors can live."""

import torch


def available_device(device: str | torch.device) -> torch.device:
    """The device, if it is there.

    Raises
    ------
    ValueError
        For a name that torch does not know, or if CUDA is asked for and absent.
    """
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"Unknown device {device!r}: use 'cpu', or 'cuda' for a GPU.") from error
    if place.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device {str(device)!r} was asked for, but torch finds no CUDA device; "
            "use device='cpu'."
        )
    return place
