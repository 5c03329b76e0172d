"""What a test looks for in a figure."""

from matplotlib.axes import Axes
from matplotlib.lines import Line2D


def line(ax: Axes, label: str) -> Line2D:
    """Return the one line of that label."""
    (found,) = [one for one in ax.lines if one.get_label() == label]
    return found
