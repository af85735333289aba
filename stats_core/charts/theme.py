"""Colours and type of the pictures, light and dark, as configurations of Vega-Lite.

Blue, vermilion and orange are those of Okabe and Ito, "Color Universal Design" (2008),
which are told apart in any vision of colour; grey is lighter than both, or darker.
"""

from typing import Any, Literal

Theme = Literal["auto", "light", "dark"]


def _config(
    *,
    paper: str,
    ink: str,
    muted: str,
    lines: str,
    outcomes: list[str],
    shades: list[str],
) -> dict[str, Any]:
    return {
        "background": paper,
        "padding": 20,
        "font": "system-ui, sans-serif",
        "view": {"stroke": None},
        "title": {
            "color": ink,
            "subtitleColor": muted,
            "anchor": "start",
            "frame": "group",
        },
        "axis": {
            "labelColor": ink,
            "domainColor": lines,
            "gridColor": lines,
            "tickColor": lines,
        },
        "legend": {"labelColor": ink, "titleColor": muted},
        "text": {"color": ink},
        "tick": {"color": ink},
        "range": {"category": outcomes, "heatmap": shades},
    }


CONFIGS: dict[str, dict[str, Any]] = {
    "light": _config(
        paper="#ffffff",
        ink="#1f2328",
        muted="#59636e",
        lines="#d8dee4",
        outcomes=["#0072b2", "#d55e00", "#b3b9c0"],
        shades=["#eef3f8", "#9ecae1", "#2171b5", "#08306b"],
    ),
    "dark": _config(
        paper="#0d1117",
        ink="#e6edf3",
        muted="#9198a1",
        lines="#30363d",
        outcomes=["#56b4e9", "#e69f00", "#656c76"],
        shades=["#161b22", "#1f4e79", "#56b4e9", "#d7efff"],
    ),
}
