"""Work that is refused by its size before it starts: more bytes than are free, or years of it."""

from pathlib import Path

import psutil

LONGEST_S = 365 * 86400.0
"""No run is begun that must take longer than a year, in seconds."""


def check_size(
    where: str, lower: str, *, needed_bytes: float = 0, least_seconds: float = 0.0
) -> None:
    """Refuse work that cannot fit into memory, or that cannot end.

    Parameters
    ----------
    where : str
        What the work is.
    lower : str
        What to lower: the end of the message.
    needed_bytes : float
        Predicted memory.
    least_seconds : float
        Predicted duration at the highest rate that is known, where one is.

    Raises
    ------
    MemoryError
        With both sizes, and the seconds where they are known.
    ValueError
        For a run of more than a year.
    """
    room = [f"about {size(needed_bytes)}"] if needed_bytes else []
    time = [f"at least {duration(least_seconds)}"] if least_seconds else []
    needs = f"{where} needs {' and '.join(room + time)}"
    if needed_bytes > (free := available_bytes()):
        raise MemoryError(f"{needs}; {size(free)} are free. Lower {lower}.")
    if least_seconds > LONGEST_S:
        raise ValueError(f"{needs}; more than a year is not begun. Lower {lower}.")


def available_bytes() -> int:
    """Bytes that can still be taken: of the machine, of the control group, of this process."""
    return max(0, min(psutil.virtual_memory().available, _free_in_group(), _free_to_process()))


def size(count: float) -> str:
    """Bytes in words: ``"3.2 GB"``."""
    count = float(min(count, 1e300))
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} bytes" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB" if count < 1e6 else f"{count:.0e} TB"


def duration(seconds: float) -> str:
    """Seconds in words: ``"3 hours"``."""
    for unit, length in (("years", 365 * 86400), ("days", 86400), ("hours", 3600), ("min", 60)):
        if seconds >= 2 * length:
            count = seconds / length
            return f"{count:.0f} {unit}" if count < 1e6 else f"{count:.0e} {unit}"
    return f"{seconds:.0f} s"


def _free_in_group() -> int:
    """What the control group leaves, as a batch system or a container sets it (version 2)."""
    try:
        group = Path("/proc/self/cgroup").read_text(encoding="utf-8").rpartition("::")[2].strip()
        folder = Path("/sys/fs/cgroup") / group.lstrip("/")
        most = int((folder / "memory.max").read_text(encoding="utf-8"))
        used = int((folder / "memory.current").read_text(encoding="utf-8"))
        stat = (folder / "memory.stat").read_text(encoding="utf-8")
        cached = int(stat.partition("\ninactive_file ")[2].partition("\n")[0])
    except (OSError, ValueError):  # no such group, or "max"
        return _UNLIMITED
    return most - used + cached


def _free_to_process() -> int:
    """What ``ulimit -v`` leaves."""
    if not hasattr(psutil, "RLIMIT_AS"):  # Linux alone has it
        return _UNLIMITED
    here = psutil.Process()
    most, _ = here.rlimit(psutil.RLIMIT_AS)
    return _UNLIMITED if most == psutil.RLIM_INFINITY else most - here.memory_info().vms


_UNLIMITED = 2**63
