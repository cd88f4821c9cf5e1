"""A small writer of line plots as SVG: enough for two curves and their labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 60
COLOURS = ("#0b6e4f", "#c1440e", "#3b5b92", "#7a4988")


@dataclass(frozen=True, slots=True)
class Point:
    """One dot, with a word beside it."""

    x: float
    y: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """Dots that belong together; drawn in the order of x."""

    name: str
    points: Sequence[Point]


def line_plot(title: str, x_name: str, y_name: str, curves: Sequence[Curve]) -> str:
    """The plot as one SVG document. Both axes begin at 0."""
    x_max = _round_up(max((p.x for c in curves for p in c.points), default=1))
    y_max = _round_up(max((p.y for c in curves for p in c.points), default=1))
    body = [*_frame(title, x_name, y_name, x_max, y_max)]
    for number, curve in enumerate(curves):
        body += _drawn(curve, COLOURS[number % len(COLOURS)], number, x_max, y_max)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
    style = 'font-family="sans-serif" font-size="12"'
    background = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([f"{head} {style}>", background, *body, "</svg>", ""])


def _frame(title: str, x_name: str, y_name: str, x_max: float, y_max: float) -> list[str]:
    lines = [_text(LEFT, TOP - 16, title, size=15)]
    for step in range(6):
        x, y = x_max * step / 5, y_max * step / 5
        across, up = _across(x, x_max), _up(y, y_max)
        lines += [
            f'<path d="M{across:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>',
            f'<path d="M{LEFT} {up:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
            _text(across, HEIGHT - BOTTOM + 18, f"{x:g}", anchor="middle"),
            _text(LEFT - 8, up + 4, f"{y:g}", anchor="end"),
        ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    lines.append(_text(middle, HEIGHT - 16, x_name, anchor="middle"))
    lines.append(_text(LEFT - 56, TOP - 2, y_name))
    return lines


def _drawn(curve: Curve, colour: str, number: int, x_max: float, y_max: float) -> list[str]:
    points = sorted(curve.points, key=lambda point: point.x)
    places = [(_across(p.x, x_max), _up(p.y, y_max)) for p in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    lines = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    for point, (x, y) in zip(points, places, strict=True):
        lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        if point.label:
            lines.append(_text(x + 6, y - 6, point.label, colour=colour, size=10))
    legend = TOP + 20 * number
    lines.append(_text(WIDTH - RIGHT + 14, legend + 10, curve.name, colour=colour, size=13))
    return lines


def _across(x: float, x_max: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * x / x_max


def _up(y: float, y_max: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / y_max


def _round_up(value: float) -> float:
    """The next number that five steps divide nicely."""
    for size in (5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 1500, 2000, 2500, 5000, 10_000):
        if value <= size:
            return float(size)
    return value


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", colour: str = "#222", size: int = 12
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-size="{size}">{escape(words)}</text>'
    )
