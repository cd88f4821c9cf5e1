"""What a server's /metrics says."""

import asyncio
from collections.abc import Callable

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

PATIENCE_S = 20.0


async def scrape(url: str) -> dict[str, float]:
    """All samples, by name and labels: `name{label="value"}`."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}metrics") as response:
        text = await response.text()
    return {
        _key(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scrape_until(url: str, holds: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """Ask again and again until it holds: a counter is told to nobody."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds(samples := await scrape(url)):
            pass
    return samples


async def scrape_when_alone(url: str) -> dict[str, float]:
    """Ask until nobody else is connected. A server with few places may turn us away before."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await scrape_until(url, lambda told: told["voice_server_connections"] == 1)
            except (aiohttp.ClientError, ValueError):
                await asyncio.sleep(0)


def _key(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name
