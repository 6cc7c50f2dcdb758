"""How much memory this process has held at most."""

import re
import resource
import sys
from pathlib import Path

_PEAK = re.compile(r"^VmHWM:\s+([0-9]+) kB", re.MULTILINE)


def peak_rss_mb() -> int:
    """Tell the peak in MB; from /proc, since getrusage's starts with what the parent held when it forked."""
    try:
        found = _PEAK.search(Path("/proc/self/status").read_text(encoding="utf-8"))
    except OSError:
        found = None
    if found is not None:
        return int(found[1]) // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if sys.platform == "darwin" else 1024)
