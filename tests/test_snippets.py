"""What README and docs tell a user to type is there, and runs.

A block that cannot run here is marked by a comment on the line before it:
``<!-- skip-test: needs a GPU -->``.
"""

import io
import json
import re
import shlex
import shutil
from contextlib import redirect_stdout, suppress
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import Registry
from mmpose import registry

import distilpose_cli
from distilpose.deploy.export import export_onnx
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob('*.md')), *sorted((ROOT / 'docs').rglob('*.md'))]
NOTEBOOKS = sorted((ROOT / 'docs').glob('*.ipynb'))
BLOCK = re.compile(
    r'(?:<!-- skip-test: (?P<why>.+?) -->\n)?'
    r'^```(?P<language>\w+)\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
TINY = 'distilpose-tiny_1xb32-15e_demo-96x64'
CONFIG_NAME = re.compile(r'[\w.-]+_\d+xb\d+-[\w.-]+')


def blocks(*languages):
    """The blocks of some languages in all pages, as test parameters."""
    return [
        pytest.param(
            match['text'],
            id=f'{page.stem}-{number}',
            marks=[pytest.mark.skip(match['why'])] if match['why'] else [],
        )
        for page in PAGES
        for number, match in enumerate(BLOCK.finditer(page.read_text()), 1)
        if match['language'] in languages
    ]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A student, its exported file and photos, as the pages name them."""
    folder = tmp_path_factory.mktemp('snippets')
    config = Config.fromfile(find_config(TINY))
    config.dump(folder / 'student.py')
    state = build_without_weights(config).state_dict()
    torch.save(dict(state_dict=state), folder / 'student.pth')
    export_onnx(config, folder / 'student.pth', folder / 'student.onnx')
    shutil.copytree(ROOT / 'docs/photos', folder / 'docs/photos')
    photo = np.full((96, 64, 3), 127, np.uint8)
    cv2.imwrite(str(folder / 'photo.jpg'), photo)
    return folder


@pytest.mark.parametrize('text', blocks('python'))
def test_python(text, folder, monkeypatch):
    monkeypatch.chdir(folder)
    code = compile(text, 'snippet', 'exec')
    # What it reads, and does not set itself.
    if '_base_' in code.co_names and not re.search('^_base_ =', text, re.M):
        base = str(find_config(TINY).resolve())
        Path('snippet.py').write_text(f'_base_ = {base!r}\n{text}')
        found = Config.fromfile('snippet.py').to_dict()
    else:
        found = {}
        exec(code, found)
    found.pop('__builtins__', None)
    check_types(found)


def check_types(value):
    """See that what a config names is registered, and its files are there."""
    if isinstance(value, dict):
        name = value.get('type')
        assert name is None or any(
            kind.get(name)
            for kind in vars(registry).values()
            if isinstance(kind, Registry)
        ), name
        config = value.get('config')
        if isinstance(config, str):
            assert find_config(Path(config).name, with_mmpose=True)
    if isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            check_types(item)


@pytest.mark.parametrize('text', blocks('python'))
def test_distilpose_is_imported_before_mmpose(text):
    """Without that, MMPose's models cannot be imported with mmcv-lite."""
    first = re.search(r'^(from|import) mmpose\.(apis|model)', text, re.M)
    before = text[: first.start()] if first else 'import distilpose'
    assert re.search('^(from|import) distilpose', before, re.M)


def commands(text):
    """The words of each command of a block, with the block's variables."""
    variables = {}
    for line in text.replace('\\\n', ' ').splitlines():
        for name, value in variables.items():
            line = re.sub(rf'\${name}\b', lambda _: value, line)  # noqa: B023
        line = re.sub(r'\$\((.*)\)', r' \1 ', line)  # a command within
        words = shlex.split(line, comments=True)
        if len(words) == 1 and re.match(r'\w+=', words[0]):
            name, value = words[0].split('=', 1)
            variables[name] = value
        elif words:
            yield words


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_predictions_of_a_page_have_folders_of_their_own(page):
    """`distilpose predict` refuses a folder with other predictions."""
    folders = [
        words[words.index('--out') + 1] if '--out' in words
        else f'predictions/{Path(words[2]).stem}'
        for block in BLOCK.finditer(page.read_text())
        if block['language'] == 'bash'
        for words in commands(block['text'])
        if words[:2] == ['distilpose', 'predict']
    ]  # fmt: skip
    assert len(folders) == len(set(folders)), folders


@pytest.mark.parametrize('text', blocks('bash', 'sh', 'shell', 'console'))
def test_shell(text, capsys):
    for words in commands(text):
        for before, word in zip(words, words[1:]):
            if before == 'make' and '=' not in word:
                makefile = (ROOT / 'Makefile').read_text()
                assert re.search(rf'^{word}:', makefile, re.MULTILINE), word
            elif before == '-c':
                exec(word)
                printed = capsys.readouterr().out.strip()
                assert not printed or Path(printed).exists(), printed
            elif before.endswith('distilpose') and word[0] != '-':
                check_command(word, words)
        check_paths(words)


@cache
def our_commands():
    """The commands that ``distilpose --help`` lists."""
    with redirect_stdout(io.StringIO()) as output, suppress(SystemExit):
        distilpose_cli.main(['--help'])
    return re.findall(r'^ {4}([\w-]+)', output.getvalue(), re.MULTILINE)


def check_command(command, words):
    """See that a command of ours is there, by MIM or by itself."""
    before = words[: words.index(command)]
    if before[:2] == ['mim', 'run']:
        assert (ROOT / f'tools/{command}.py').is_file(), command
    elif before[0] != 'mim':
        assert command in our_commands()


def check_paths(words):
    """See that files of the repository are there."""
    for path in (word.split('=')[-1] for word in words):
        if re.match(r'(configs|docs|tools|benchmarks|examples|tests)/', path):
            assert (ROOT / path).exists(), path


@pytest.mark.parametrize('page', PAGES + NOTEBOOKS, ids=lambda page: page.name)
def test_names_and_links(page):
    """Every config and file that a page names, and what it links to."""
    text = page.read_text()
    if page.name != 'CHANGELOG.md':  # which names those of older versions
        for path in re.findall(r'`((?:tests|benchmarks|docs)/[^\s`]+)`', text):
            assert (ROOT / path).exists(), path
    for name in set(CONFIG_NAME.findall(text)):
        assert find_config(name.rstrip('.'), with_mmpose=True)
    for link, anchor in re.findall(r'\]\(([^)#]*)#?([^)]*)\)', text):
        if '://' not in link:
            target = page.parent / link if link else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), (link, anchor)


@pytest.mark.parametrize('page', PAGES + NOTEBOOKS, ids=lambda page: page.name)
def test_a_page_has_one_name(page):
    """A link to a whole page of docs/ has that page's title as its text."""
    if page.name == 'CHANGELOG.md':  # which links files
        return
    links = re.findall(r'\[([^][]+)\]\(([^)#:]+)\)', page.read_text())
    for text, link in links:
        target = (page.parent / link).resolve()
        if 'docs' in target.parts and target in PAGES + NOTEBOOKS:
            assert ' '.join(text.split()) == title(target), link


def test_the_site_takes_titles_from_the_pages():
    nav = (ROOT / 'mkdocs.yml').read_text().split('nav:')[1]
    assert not re.findall(r'^ +- [^:\n]+: \S', nav.split('plugins:')[0], re.M)


def title(page):
    """The first heading of a page or a notebook."""
    text = page.read_text()
    if page.suffix == '.ipynb':
        text = ''.join(json.loads(text)['cells'][0]['source'])
    return text.splitlines()[0].removeprefix('# ')


def anchors(page):
    """What GitHub calls the headings of a page."""
    headings = re.findall(r'^#+ (.+)$', page.read_text(), re.MULTILINE)
    return [
        re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')
        for heading in headings
    ]


def test_the_index_lists_every_page():
    index = (ROOT / 'docs/index.md').read_text()
    linked = set(re.findall(r'\]\((\w+\.(?:md|ipynb))\)', index))
    pages = {
        page.name for page in PAGES + NOTEBOOKS if page.parent.name == 'docs'
    }
    assert linked == pages - {'index.md'}


def test_there_are_snippets():
    assert len(blocks('python')) > 1 and len(blocks('bash')) > 5
