"""One file to mail: the front page of a site with its styles and pictures inside."""

import base64
from pathlib import Path

from bs4 import BeautifulSoup

from quantlearn.files import replacing

__all__ = ["write_one_file"]

STYLES = ("pydata-sphinx-theme.css", "site.css")

PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main class="alone">{main}</main>
</body>
</html>
"""


def write_one_file(report: str | Path, one_file: str | Path) -> None:
    """Write the front page ``report`` as a file that needs no other.

    Links to other pages of the site become plain text.
    """
    with replacing(one_file) as beside:  # where another run takes the site away, too
        beside.write_text(_alone(Path(report)), encoding="utf-8")


def _alone(report: Path) -> str:
    site = report.parent
    page = BeautifulSoup(report.read_text(encoding="utf-8"), "html.parser")
    article = page.find("article")
    for link in article.find_all("a"):
        if not link.get("href", "").startswith("http"):
            link.unwrap()
    for menu in article.select("details.files, a.headerlink"):
        menu.decompose()
    for image in article.find_all("img"):
        content = base64.b64encode((site / image["src"]).read_bytes()).decode("ascii")
        image["src"] = f"data:image/svg+xml;base64,{content}"
    static = site / "_static"
    found = [next(static.glob(f"**/{name}"), static / name) for name in STYLES]
    style = "\n".join(path.read_text(encoding="utf-8") for path in found)
    return PAGE.format(title=page.title.get_text(), style=style, main=article.decode_contents())
