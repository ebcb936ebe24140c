"""Progress: how work reports the share that is done."""

from collections.abc import Callable

Progress = Callable[[float], None]
"""Takes the share done, 0..1, rising; may raise to stop the work."""
