import pytest
from PIL import Image

from distilpose.checks.findings import Findings
from distilpose.checks.images import check_images

from . import files


@pytest.fixture
def check(tmp_path):
    content = files.content()
    files.write(tmp_path, content)

    def check(turns=True):
        findings = Findings()
        check_images(content['images'], str(tmp_path), turns, findings)
        return findings

    check.images = content['images']
    check.folder = tmp_path
    return check


def turn(path, orientation):
    """Let EXIF data say how an image is to be turned when it is loaded."""
    exif = Image.Exif()
    exif[274] = orientation
    Image.new('RGB', files.SIZE).save(path, exif=exif)


def test_nothing_to_tell(check):
    assert check() == Findings()
    turn(check.folder / '0.png', 3)  # upside down: the size is the same
    assert check() == Findings()


def test_turned_by_exif(check):
    for i in range(2):
        turn(check.folder / f'{i}.png', 6)
    (text,) = check().errors
    assert text.startswith('2 of 20 images') and 'as their EXIF' in text
    assert '0.png", 120 x 100 in the annotations and 100 x 120' in text
    assert check(turns=False) == Findings()
    for image in check.images[:2]:  # annotated as they are loaded
        image.update(width=100, height=120)
    assert check() == Findings()


@pytest.mark.parametrize(
    'size, message',
    [((100, 120), 'width and height exchanged'), ((60, 50), 'another size')],
)
def test_sizes(check, size, message):
    check.images[5].update(width=size[0], height=size[1])
    findings = check()
    assert not findings.errors and message in findings.warnings[0]
    check.images[6].update(width=size[0], height=size[1])
    (text,) = check().errors
    assert text.startswith('2 of 20') and message in text


def test_missing_files(check):
    (check.folder / '7.png').unlink()
    (text,) = check().errors
    assert 'are missing' in text and text.endswith(f'{check.folder}/7.png.')
    for path in check.folder.glob('*.png'):
        path.unlink()
    assert check() == Findings()  # they are elsewhere


def test_what_is_no_image_or_of_unknown_size_is_left_alone(check):
    (check.folder / '3.png').write_text('no image')
    del check.images[4]['width']
    assert check() == Findings()


def test_looks_at_a_few_from_first_to_last(check, monkeypatch):
    monkeypatch.setattr('distilpose.checks.images.SAMPLE', 3)
    for i in (0, 19):
        check.images[i].update(width=1)
    check.images[5].update(width=1)
    assert check().errors[0].startswith('2 of 3 images')
