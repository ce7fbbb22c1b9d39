"""How Sphinx builds the manual; `make docs` does, and takes every warning for an error."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_modelpack import __version__

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]  # the latter for tests.error_codes

project = "jupyter_modelpack"
author = "the jupyter_modelpack developers"
copyright = "the jupyter_modelpack developers, BSD-3-Clause"  # noqa: A001 - Sphinx's name for it
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "notebooks", "generated"]
exclude_patterns = ["_build", "reference/_*.md"]  # the latter are parts of pages

# The notebooks are shown as they were saved: `make test` runs them, and compares what they say.
nb_execution_mode = "off"
# What a widget would need in a page comes from another host, and a kernel is not there to answer it anyway.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
myst_heading_anchors = 3
default_role = "code"  # what docstrings put between single backticks
smartquotes = False  # two hyphens begin an option

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "pydata_sphinx_theme"
html_title = "jupyter_modelpack"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "show_version_warning_banner": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
