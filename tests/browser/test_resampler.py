"""web/resampler.js: what it must keep, what it must not fold back, and any cutting into blocks."""

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

RESAMPLE = """async ({ signal, from, to, blocks }) => {
  const { Resampler } = await import("/resampler.js");
  const resampler = new Resampler(from, to);
  const output = [];
  let start = 0;
  for (let i = 0; start < signal.length; i += 1) {
    const end = start + blocks[i % blocks.length];
    output.push(...resampler.process(Float32Array.from(signal.slice(start, end))));
    start = end;
  }
  return output;
}"""


def _resampled(
    modules: Page,
    signal: NDArray[np.float64],
    rates: tuple[int, int],
    blocks: tuple[int, ...] = (128,),
) -> NDArray[np.float64]:
    source, target = rates
    argument = {"signal": signal.tolist(), "from": source, "to": target, "blocks": list(blocks)}
    return np.array(modules.evaluate(RESAMPLE, argument))


def _tone(hertz: float, rate: int, seconds: float = 0.2) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)


def _gain_db(signal: NDArray[np.float64]) -> float:
    """Of a unit sine, in the middle, where the filter has settled."""
    middle = signal[len(signal) // 4 : -len(signal) // 4]
    return float(20 * np.log10(np.sqrt(2 * np.mean(middle**2)) + 1e-12))


RATES = [(48_000, 16_000), (44_100, 16_000), (24_000, 48_000), (24_000, 44_100)]


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("share", [0.02, 0.4, 0.84])
def test_keeps_the_speech_band(modules: Page, rates: tuple[int, int], share: float) -> None:
    output = _resampled(modules, _tone(share * min(rates) / 2, rates[0]), rates)
    assert abs(_gain_db(output)) < 0.1


@pytest.mark.parametrize("rates", RATES[:2])
@pytest.mark.parametrize("hertz", [8_050, 9_000, 12_345, 20_000])
def test_nothing_folds_back(modules: Page, rates: tuple[int, int], hertz: int) -> None:
    assert _gain_db(_resampled(modules, _tone(hertz, rates[0]), rates)) < -60


@pytest.mark.parametrize("rates", RATES[2:])
def test_no_mirror_images(modules: Page, rates: tuple[int, int]) -> None:
    output = _resampled(modules, _tone(5_000, rates[0]), rates)
    middle = output[len(output) // 4 : -len(output) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.blackman(len(middle))))
    frequency = np.fft.rfftfreq(len(middle), 1 / rates[1])
    assert spectrum[frequency > 12_000].max() < 1e-3 * spectrum.max()


@pytest.mark.parametrize("rates", RATES)
def test_blocks_do_not_matter(modules: Page, rates: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, 3000)
    whole = _resampled(modules, noise, rates, (3000,))
    assert np.array_equal(_resampled(modules, noise, rates, (128,)), whole)
    assert np.array_equal(_resampled(modules, noise, rates, (1, 7, 160, 0, 33)), whole)
    assert abs(len(whole) - 3000 * rates[1] / rates[0]) <= 1
