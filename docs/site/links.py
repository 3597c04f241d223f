"""A hook of MkDocs: files of the repository, on the site.

Pages link to each other by their paths in the repository, as a forge shows
them. What lies outside docs/ has no place on the site by itself. This hook
copies every file outside docs/ that a page links to into ``repository/`` of
the site, Markdown as pages and all else as files, and rewrites the links.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = 'repository'
LINK = re.compile(r'(\]\()([^)#\s]+)')
CODE = re.compile(r'^```.*?^```$', re.MULTILINE | re.DOTALL)
# Pages of the repository that the site's navigation has.
PAGES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']


def on_files(files, config):
    """Add what pages link to outside docs/."""
    waiting = [*PAGES]
    for file in files.documentation_pages():
        waiting += _outside(file.src_uri, file.content_string)
    while waiting:
        path = waiting.pop()
        uri = f'{OUTSIDE}/{path}'
        if files.get_file_from_path(uri):
            continue
        source = ROOT / path
        if not source.is_file():
            continue  # MkDocs warns of the link itself
        file = File.generated(config, uri, abs_src_path=str(source))
        files.append(file)
        if path.endswith('.md'):
            waiting += _outside(uri, source.read_text())
    return files


def on_page_markdown(markdown, page, **_):
    """Turn a page's links in the repository into links on the site."""
    here = posixpath.dirname(page.file.src_uri)

    def rewrite(match):
        target = _in_repository(page.file.src_uri, match[2])
        if target is None:
            return match[0]
        there = _on_site(target)
        return match[1] + posixpath.relpath(there, here or '.')

    parts = CODE.split(markdown)
    blocks = [*CODE.findall(markdown), '']
    return ''.join(
        LINK.sub(rewrite, part) + block for part, block in zip(parts, blocks)
    )


def _outside(uri, text):
    """The files outside docs/ to which a page links."""
    found = [_in_repository(uri, m[2]) for m in LINK.finditer(text)]
    return [x for x in found if x and not x.startswith('docs/')]


def _in_repository(uri, link):
    """The path in the repository of a link on a page, None for an address."""
    if '://' in link or link.startswith('mailto:'):
        return None
    if uri.startswith(f'{OUTSIDE}/'):
        page = uri[len(OUTSIDE) + 1 :]
    else:
        page = f'docs/{uri}'
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _on_site(path):
    if path.endswith('.ipynb'):  # a page by now, see notebooks.py
        path = path[: -len('ipynb')] + 'md'
    inside = path.startswith('docs/')
    return path[len('docs/') :] if inside else f'{OUTSIDE}/{path}'
