"""Backend: the one way in which a network is run, whatever runs it. Loads no runtime."""

from typing import Any, Protocol

from numpy.typing import NDArray

from core.bands import Floats


class Backend(Protocol):
    """A network that is loaded and runs; calls from several threads take turns."""

    @property
    def name(self) -> str:
        """Return the runtime, device and precision, as provenance states them: `torch cuda bfloat16`."""

    @property
    def batch(self) -> int:
        """Return how many series a call should hold to be fast; a call may hold any number."""

    @property
    def has_states(self) -> bool:
        """Return whether it can output the states of a class model's trunk."""

    @property
    def reads_tokens(self) -> bool:
        """Return whether logits or quantiles need tokens; states always do."""

    def run(
        self, tokens: Floats, is_padding: NDArray[Any], queries: Floats, *, with_states: bool = False
    ) -> list[Floats]:
        """Run the network on at least one series.

        Args:
            tokens: (B, T, F) as `tokenise` gives them; of no features where nothing that is wanted `reads_tokens`.
            is_padding: (B, T) True where there is no token.
            queries: (B, H, G).
            with_states: of a class network that `has_states`.

        Returns:
            (B, H, Q) quantiles in units of the spread, or (B, K) class logits; then (B, 2 D) states if wanted. float32.
        """
