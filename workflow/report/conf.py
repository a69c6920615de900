"""How Sphinx makes the site of a report from the pages that `build_report` hands it."""

import re

from sphinx.search.en import SearchEnglish

project = "Quantlearn"
extensions = ["myst_nb"]
nb_execution_mode = "off"  # papermill has executed all notebooks
exclude_patterns = ["files"]

html_theme = "pydata_sphinx_theme"
html_title = "Quantlearn"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_extra_path = []
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_last_updated_fmt = None
# Otherwise the page of search would read other pages, which a browser forbids to pages on a disk.
html_show_search_summary = False
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "pages/quantifiers": []}
html_theme_options = {
    "logo": {"text": "Quantlearn"},
    "header_links_before_dropdown": 7,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": [], "pages/pairs": []},
    "show_toc_level": 2,
    "show_nav_level": 1,
    "navigation_with_keys": False,
    "back_to_top_button": False,
    "footer_start": [],
    "footer_end": [],
    "article_footer_items": [],
}

# Scripts and styles that stand on those pages alone which have something for them.
WIDGETS = {
    'class="table"': [
        "elements.js",
        "vendor/datatables-3.1.5/dataTables.min.js",
        "tables.js",
        "tables.css",
    ],
    'class="card"': ["cards.css"],
    'class="ask"': ["elements.js", "engine.js", "ask.js", "widgets.css", "ask.css"],
    'class="action"': ["elements.js", "course/course.js", "widgets.css"],
}
# What an action of the course needs besides its own script.
TRAINING = ["course/training.js"]
ACTIONS_NEED = {
    "automaton": ["engine.js"],
    "draw_automaton": ["course/automaton.js"],
    "excite": ["engine.js"],
    "neuron": ["course/network.js"],
    "xor_by_hand": ["course/network.js"],
    "descent": TRAINING,
    "hands_on": TRAINING,
    "overfitting_lab": TRAINING,
    "xor_training": [*TRAINING, "course/network.js"],
}


class SearchQuantifiers(SearchEnglish):
    """English without its stop words: most, all and only are what is looked for here."""

    stopwords = frozenset()


def add_widgets(app, pagename, templatename, context, doctree):
    """Load what a page's own widgets need, and no more."""
    body = context.get("body", "")
    files = [file for sign, own in WIDGETS.items() if sign in body for file in own]
    for action in re.findall(r'data-action="(\w+)"', body):
        files += [*ACTIONS_NEED.get(action, []), f"course/{action}.js"]
    for file in dict.fromkeys(files):
        if file.endswith(".css"):
            app.add_css_file(file)
        else:
            app.add_js_file(file, defer="defer")


def setup(app):
    """Tell Sphinx of the above."""
    app.add_search_language(SearchQuantifiers)
    app.connect("html-page-context", add_widgets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
