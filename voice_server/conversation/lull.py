"""How long nobody has spoken, neither the user nor the assistant. Pure; counts microphone audio."""

from audio import FRAME_MS


class Lull:
    """The silence of one conversation; somebody may want to ask whether the user is still there."""

    def __init__(self) -> None:
        self.silence_ms = 0
        """How long it has lasted."""
        self._told = False

    def frame(self, busy: bool, idle_ms: int) -> bool:
        """Ten more milliseconds, `busy` if anybody speaks. True once, after `idle_ms`; 0 never."""
        if busy:
            self.silence_ms = 0
            self._told = False
            return False
        self.silence_ms += FRAME_MS
        if self._told or not idle_ms or self.silence_ms < idle_ms:
            return False
        self._told = True
        return True
