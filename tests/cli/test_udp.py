"""The commands on a model of UDP's crops and heatmaps."""

import csv
import json
from http.server import ThreadingHTTPServer

import cv2
import numpy as np

from distilpose.students.mmpose_estimator import MMPoseEstimator
from distilpose_cli import main
from distilpose_runtime.web import page_files

from .. import exported


def test_predict_serve_and_benchmark(tmp_path, monkeypatch, capsys):
    config, checkpoint, file = exported.udp(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (15, 12, 3))
    image = cv2.resize(noise.astype(np.uint8), (121, 151))
    picture, out = tmp_path / 'a.png', tmp_path / 'out'
    cv2.imwrite(str(picture), image)
    source = [str(picture), '--model', str(file), '--detector', 'none']
    main(['predict', *source, '--out', str(out)])
    (row,) = json.loads((out / 'predictions.json').read_text())['annotations']
    expected = MMPoseEstimator(config, checkpoint, 'cpu')(
        image, np.array([[0, 0, 121, 151]], np.float32)
    )
    found = np.reshape(row['keypoints'], (-1, 3))
    np.testing.assert_allclose(found[:, :2], expected.keypoints[0], atol=0.05)
    np.testing.assert_allclose(found[:, 2], expected.scores[0], atol=1e-3)

    def interrupted(server):
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadingHTTPServer, 'serve_forever', interrupted)
    main(['serve', str(file), '--port', '0'])
    assert 'http://127.0.0.1:' in capsys.readouterr().out
    about = json.loads(page_files(file)['/models.json'].read())
    assert about['model']['use_udp'] is True

    options = ['--formats', '--no-compile', '--batch', '1', '--repeats', '2']
    options += ['--checkpoint', checkpoint, '--out', str(out)]
    main(['benchmark', config, *options])
    text = (out / 'formats.csv').read_text()
    rows = {row['format']: row for row in csv.DictReader(text.splitlines())}
    exact = rows['ONNX Runtime, float32']
    assert float(exact['largest difference, px']) < 0.05
