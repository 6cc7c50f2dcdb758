"""Posters: made up for each event from its slug, so that an event always looks the same."""

import math
from collections.abc import Callable

from ticket_pipeline.sandbox.chance import dice
from ticket_pipeline.sandbox.entities import Event

#: ground, two tones, and what stands out; dark grounds, so that white writing on them can be read
PALETTES = (
    ("#1b2a6b", "#3d4fb5", "#7c4dbe", "#ffb84d"),
    ("#5b1440", "#9c2159", "#d1495b", "#ffd9a0"),
    ("#0e4a4f", "#177e7a", "#2fa48a", "#ffe08a"),
    ("#3a1d5c", "#6c3aa0", "#b0479d", "#8ee3ef"),
    ("#5a2a0c", "#a5501b", "#d98324", "#fff0c9"),
    ("#12324a", "#1f6291", "#3f9ac9", "#ff8f6b"),
    ("#203a1e", "#3d6b32", "#7a9e3f", "#f9dc5c"),
)
WIDTH, HEIGHT = 240, 320

Motif = Callable[[tuple[str, str, str, str], float], str]


def poster(event: Event) -> str:
    """Draw an event's poster as SVG; the shows of a series look alike."""
    chance = dice("poster", event.category_id or event.slug)
    palette, motif, turn = chance.choice(PALETTES), chance.choice(MOTIFS), chance.random()
    return (
        f'<svg class="art" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="xMidYMid slice" aria-hidden="true">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{palette[0]}"/>{motif(palette, turn)}</svg>'
    )


def _sun(palette: tuple[str, str, str, str], turn: float) -> str:
    _, tone, light, star = palette
    x, y = 70 + 100 * turn, 110
    rings = [(150, tone, 0.55), (112, light, 0.6), (76, star, 0.55), (44, star, 1.0)]
    discs = "".join(_circle(x, y, radius, colour, opacity) for radius, colour, opacity in rings)
    sea = "".join(f'<rect x="0" y="{215 + 18 * n}" width="{WIDTH}" height="{9 - n}" fill="{tone}"/>' for n in range(6))
    return discs + sea


def _rays(palette: tuple[str, str, str, str], turn: float) -> str:
    _, tone, light, star = palette
    x, y, parts = 60 + 120 * turn, 250.0, []
    for n in range(0, 24, 2):
        a, b = (math.tau * (n + turn) / 24, math.tau * (n + 1 + turn) / 24)
        points = f"{x:.0f},{y:.0f} {_at(x, a)},{_at(y, a, up=True)} {_at(x, b)},{_at(y, b, up=True)}"
        parts.append(f'<polygon points="{points}" fill="{light if n % 4 else tone}" opacity=".7"/>')
    return "".join(parts) + _circle(x, y, 52, star, 1)


def _arches(palette: tuple[str, str, str, str], turn: float) -> str:
    _, tone, light, star = palette
    colours, parts = (tone, light, star), []
    for column in range(3):
        for n in range(3):
            radius, x, base = 40 - 12 * n, 40 + 80 * column, 130 + 60 * ((column + int(turn * 3)) % 3)
            shape = f"M{x - radius},{HEIGHT} V{base} a{radius},{radius} 0 0 1 {2 * radius},0 V{HEIGHT} Z"
            parts.append(f'<path d="{shape}" fill="{colours[n]}" opacity="{0.9 - 0.15 * n:.2f}"/>')
    return "".join(parts)


def _bars(palette: tuple[str, str, str, str], turn: float) -> str:
    _, tone, light, star = palette
    colours = (tone, light, tone, star)
    heights = [60 + 190 * abs(math.sin(1.7 * n + 6 * turn)) for n in range(10)]
    return "".join(
        f'<rect x="{4 + 24 * n}" y="{HEIGHT - h:.0f}" width="16" height="{h:.0f}" rx="8" '
        f'fill="{colours[n % 4]}" opacity=".85"/>'
        for n, h in enumerate(heights)
    )


def _dots(palette: tuple[str, str, str, str], turn: float) -> str:
    _, tone, light, star = palette
    spots = []
    for row in range(9):
        for column in range(7):
            size = 4 + 13 * abs(math.sin(0.55 * row + 0.7 * column + 6 * turn))
            colour = star if size > 15.5 else (light if size > 10 else tone)
            spots.append(_circle(18 + 34 * column, 20 + 36 * row, size, colour, 0.9))
    return "".join(spots)


def _waves(palette: tuple[str, str, str, str], turn: float) -> str:
    _, tone, light, star = palette
    moon = _circle(170 - 100 * turn, 80, 40, star, 1)
    waves = []
    for n, colour in enumerate((tone, light, tone, light, tone)):
        y, lift = 140 + 36 * n, 26 if (n + int(turn * 2)) % 2 else -26
        shape = f"M0,{y} q60,{lift} 120,0 t120,0 V{HEIGHT} H0 Z"
        waves.append(f'<path d="{shape}" fill="{colour}" opacity=".8"/>')
    return moon + "".join(waves)


MOTIFS: tuple[Motif, ...] = (_sun, _rays, _arches, _bars, _dots, _waves)


def _circle(x: float, y: float, radius: float, colour: str, opacity: float) -> str:
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.1f}" fill="{colour}" opacity="{opacity}"/>'


def _at(origin: float, angle: float, *, up: bool = False) -> str:
    return f"{origin + 420 * (math.sin(angle) if up else math.cos(angle)):.0f}"
