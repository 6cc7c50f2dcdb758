"""How the site is built: `make docs`. Plain Markdown in, pages that load nothing from anywhere else out."""

import re

from sphinx.application import Sphinx

project = "ticket_pipeline"
author = "the authors of ticket_pipeline"
html_title = "ticket_pipeline"

extensions = ["myst_parser"]
exclude_patterns = ["_build", "generate"]
# Headings may be linked to as on GitHub.
myst_heading_anchors = 3

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"footer_icons": [], "navigation_with_keys": True}

# A reference that leads nowhere is an error; `make docs` makes errors of warnings.
nitpicky = True
highlight_language = "none"


def setup(app: Sphinx) -> None:
    """Show the name of a file above what stands in it."""
    app.connect("source-read", _caption)


def _caption(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Make a caption of a fence's second word: ```yaml pipeline.yaml."""
    source[0] = re.sub(r"^```(\w+) (\S+)$", r"```{code-block} \1\n:caption: \2\n", source[0], flags=re.MULTILINE)
