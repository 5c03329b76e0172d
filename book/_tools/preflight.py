"""Say in one sentence what is missing before anything is installed. Runs on any Python, however old."""

import os
import sys

LEAST_FREE_GB = 3


def problem():
    """Return the first thing that is in the way, or None."""
    found = "%d.%d" % sys.version_info[:2]
    if sys.version_info[:2] < (3, 10):
        return "Python 3.10 to 3.13 is needed, but this one is %s; name a newer one: make PYTHON=python3.12" % found
    if sys.version_info[:2] > (3, 13):
        return "Python 3.10 to 3.13 is needed, but this one is %s; name an older one: make PYTHON=python3.13" % found
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return "Python's venv module is missing; on Debian or Ubuntu: sudo apt install python%s-venv" % found
    import shutil

    free = shutil.disk_usage(os.getcwd()).free / 1e9
    if free < LEAST_FREE_GB:
        return "The installation needs %d GB of disk, but %.1f GB are free; make room and try again" % (
            LEAST_FREE_GB,
            free,
        )
    return None


if __name__ == "__main__":
    sentence = problem()
    if sentence:
        sys.stderr.write("\n" + sentence + ".\n\n")
        sys.exit(1)
