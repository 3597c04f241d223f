"""A hook of MkDocs: a notebook becomes a Markdown page, with its outputs.

The page is made before links are checked and rewritten, as those of any page
are. mkdocs-jupyter renders notebooks to HTML by itself, past both.
"""

import base64
import json

from mkdocs.structure.files import File


def on_files(files, config):
    """Replace notebooks by pages and the images on them."""
    for file in [*files]:
        if not file.src_uri.endswith('.ipynb'):
            continue
        files.remove(file)
        name = file.src_uri[: -len('.ipynb')]
        page, images = _convert(json.loads(file.content_string), name)
        for uri, content in {f'{name}.md': page, **images}.items():
            files.append(File.generated(config, uri, content=content))
    return files


def _convert(notebook, name):
    """Give the Markdown of a notebook, and its images by their paths."""
    blocks, images = [], {}
    for cell in notebook['cells']:
        source = ''.join(cell['source'])
        if cell['cell_type'] == 'markdown':
            blocks.append(source)
            continue
        blocks.append(f'```python\n{source}\n```')
        for output in cell['outputs']:
            jpeg = output.get('data', {}).get('image/jpeg')
            if jpeg:
                uri = f'{name}-{cell["id"]}.jpg'
                images[uri] = base64.b64decode(jpeg)
                file = uri.rpartition('/')[2]
                blocks.append(f'![What the cell above shows]({file})')
            elif output['output_type'] == 'stream':
                text = ''.join(output['text'])
                blocks.append(f'```text\n{text}```')
            else:
                raise ValueError(
                    f'{name}.ipynb has an output of a kind that is not '
                    f'known: {output}. Expected text or a JPEG.'
                )
    return '\n\n'.join(blocks), images
