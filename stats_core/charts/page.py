"""A picture as one page that needs no network."""

import json
from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

import vl_convert

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 0; }}
#chart {{ display: flex; justify-content: center; }}
#chart svg {{ max-width: 100%; height: auto; }}
</style>
<script>
{library}
</script>
</head>
<body>
<main id="chart"></main>
<script>
const spec = {spec};
const configs = {configs};
const dark = matchMedia("(prefers-color-scheme: dark)");
function draw() {{
  const theme = configs.dark && (dark.matches || !configs.light) ? "dark" : "light";
  const config = configs[theme];
  document.body.style.background = config.background;
  vegaEmbed("#chart", {{...spec, config}}, {{renderer: "svg", actions: false, tooltip: {{theme}}}});
}}
dark.addEventListener("change", draw);
draw();
</script>
</body>
</html>
"""


def page(spec: Mapping[str, Any], configs: Mapping[str, Any], title: str) -> str:
    """Return the page of a Vega-Lite specification, with the libraries that draw it.

    Args:
        spec: The specification; its version is that of the libraries.
        configs: What it looks like to readers who prefer `light` and `dark`, or one of
            them for all.
        title: The title of the page.
    """
    return _PAGE.format(
        title=escape(title),
        library=_library(spec["$schema"].rpartition("/v")[2]),
        spec=_json(spec),
        configs=_json(configs),
    )


@cache
def _library(schema: str) -> str:
    """Return the scripts that draw a specification of a schema, such as `6.1.0.json`."""
    major, minor, *_ = schema.split(".")
    # Its types say that `snippet` is needed, which has a default.
    return vl_convert.javascript_bundle(vl_version=f"{major}.{minor}")  # type: ignore[call-arg]


def _json(value: Mapping[str, Any]) -> str:
    """Return JSON that can stand in a script: no text in it can end the script."""
    return json.dumps(value).replace("<", "\\u003c")
