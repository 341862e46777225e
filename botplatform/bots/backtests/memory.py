"""What makes a worker quick."""

from __future__ import annotations

import ctypes

# From glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_KEPT, _MOST_KEPT = 32 << 20, 512 << 20  # bytes; the first is the greatest that glibc takes


def keep_freed() -> None:
    """Keep freed memory for the next set instead of giving it back; does nothing where there is no glibc.

    Each set needs some columns as long as the candles. Getting those from the kernel anew, page by page, took two
    fifths of a sweep's time over a year of minutes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
    mallopt(_TRIM_THRESHOLD, _MOST_KEPT)
