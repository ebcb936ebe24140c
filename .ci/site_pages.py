"""Hooks of mkdocs.yml: pages that lie outside docs/, notebooks as pages, and the links to both. No network."""

import json
import os
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
OUTSIDE = {
    "README.md": "overview.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "LICENSE": "LICENSE",
}
"""Files of the root, and their places on the site."""
FOLDERS = {"docs/decisions": "index.md"}
"""Folders that pages link to, and the page that stands for each."""
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the root and the notebooks."""
    for name, place in OUTSIDE.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=move_links(text, ROOT / name, place)))
    for path in sorted((DOCS / "notebooks").glob("*.ipynb")):
        place = f"notebooks/{path.stem}.md"
        text = notebook_page(json.loads(path.read_text(encoding="utf-8")), path.name)
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Point links out of docs/ to where their files are on the site."""
    path = page.file.abs_src_path
    return move_links(markdown, Path(path), page.file.src_uri) if path else markdown


def move_links(text: str, path: Path, place: str) -> str:
    """Return a page with its links as they must be on the site.

    Args:
        text: markdown.
        path: the file that it comes from.
        place: its path on the site.
    """

    def moved(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(path.parent / link[1]))
        name = target.relative_to(ROOT).as_posix()
        if name in OUTSIDE:
            name = OUTSIDE[name]
        elif name in FOLDERS:
            name = FOLDERS[name]
        elif target.suffix == ".ipynb":
            name = target.relative_to(DOCS).with_suffix(".md").as_posix()
        elif name.startswith("docs/"):
            name = name.removeprefix("docs/")
        return f"]({os.path.relpath(name, Path(place).parent)}"

    return LINK.sub(moved, text)


def notebook_page(notebook: dict[str, Any], name: str) -> str:
    """Return a notebook as markdown: text as it is, code in blocks; it is committed without outputs."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
    parts.insert(1, f"*This page is the notebook `docs/notebooks/{name}`; the tests run it.*")
    return "\n\n".join(parts) + "\n"
