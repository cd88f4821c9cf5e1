"""A loudspeaker that plays what it gets in real time and knows which sample is heard. Pure."""


class Loudspeaker:
    """Plays one stream at a time. `now` is seconds of a monotonic clock."""

    def __init__(self, rate: int) -> None:
        self.stream = 0
        self.received = 0
        self._rate = rate
        self._played = 0
        self._since: float | None = None

    def add(self, stream: int, samples: int, now: float) -> None:
        """More audio came: an idle or dry loudspeaker starts with it."""
        if stream != self.stream:
            self.stream, self.received, self._played = stream, 0, 0
        self._played = self.position(now)
        self._since = now
        self.received += samples

    def position(self, now: float) -> int:
        """Samples of the stream that were heard."""
        if self._since is None:
            return self._played
        return min(self.received, self._played + int((now - self._since) * self._rate))

    @property
    def playing(self) -> bool:
        """Whether it moves, or would with more audio."""
        return self._since is not None

    def pause(self, now: float) -> None:
        """Hold where it is."""
        self._played = self.position(now)
        self._since = None

    def resume(self, now: float) -> None:
        """Go on."""
        self._since = now
