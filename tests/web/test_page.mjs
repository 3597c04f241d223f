// The page's own calculations, by Node: node --test tests/web/test_page.mjs

import assert from 'node:assert/strict';
import test from 'node:test';

const page = '../../projects/distilpose_runtime/web/page/';
const pose = await import(`${page}pose.js`);
const detector = await import(`${page}detector.js`);
const { Models } = await import(`${page}models.js`);
const { Picture } = await import(`${page}picture.js`);
const { Turns } = await import(`${page}turns.js`);

const near = (found, expected, tolerance = 1e-6) => {
  const [a, b] = [[found].flat(Infinity), [expected].flat(Infinity)];
  assert.equal(a.length, b.length);
  a.forEach((value, i) => {
    assert.ok(Math.abs(value - b[i]) <= tolerance, `${a} is not ${b}`);
  });
};

/** Pixels with red = 10 x + 1, green = 20 y + 2, blue = 3. */
function ramp(width, height) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set([10 * x + 1, 20 * y + 2, 3, 255], (y * width + x) * 4);
    }
  }
  return { data, width, height };
}

test('a frame has the aspect of the input', () => {
  assert.deepEqual(pose.frame([0, 0, 40, 20], [30, 60], 1.25), {
    ...{ x: 20, y: 10, width: 50, height: 100 },
  });
  assert.deepEqual(pose.frame([10, 0, 20, 80], [30, 60], 1.5), {
    ...{ x: 15, y: 40, width: 60, height: 120 },
  });
});

test('a crop of the image as it is', () => {
  const whole = { x: 2, y: 3, width: 4, height: 6 };
  const found = pose.crop(ramp(4, 6), whole, [4, 6]);
  assert.deepEqual([...found.slice(0, 6)], [1, 2, 3, 11, 2, 3]);
  assert.deepEqual([...found.slice(-3)], [31, 102, 3]);
});

test('a crop between pixels, and black outside', () => {
  // Crop pixel u lies at 1.5 + (u - 1) * 0.5, v likewise.
  const frame = { x: 1.5, y: 1.5, width: 1, height: 1 };
  const found = pose.crop(ramp(4, 4), frame, [2, 2]);
  assert.deepEqual([...found], [11, 22, 3, 16, 22, 3, 11, 32, 3, 16, 32, 3]);
  // From -1 in halves: outside, half outside, at the first pixel.
  const edge = { x: 0, y: 0, width: 2, height: 2 };
  const border = pose.crop(ramp(4, 4), edge, [4, 4]);
  const blue = [...border].filter((_, i) => i % 3 === 2);
  near(blue.slice(8), [0, 1.5, 3, 3, 0, 1.5, 3, 3], 0.5);
  assert.deepEqual(blue.slice(0, 4), [0, 0, 0, 0]);
  assert.equal(blue[5], 1); // a quarter of 3
});

test('a crop of UDP reaches from the first pixel to the last', () => {
  const frame = { x: 1.5, y: 1, width: 3, height: 2 };
  const image = ramp(4, 4);
  const [plain, found] = [false, true].map((udp) =>
    [...pose.crop(image, frame, [4, 3], udp)].filter((_, i) => i % 3 < 2),
  );
  const rows = [2, 22, 42].map((g) => [1, 11, 21, 31].map((r) => [r, g]));
  assert.deepEqual(found, rows.flat(2));
  assert.deepEqual(plain.slice(-2), [24, 29]); // at (2.25, 1.33)
});

test('the input of a model', () => {
  const rgb = new Uint8ClampedArray([1, 2, 3, 4, 5, 6]);
  const info = { input_size: [2, 1], mean: [1, 2, 3], std: [1, 2, 4] };
  const normal = pose.modelInput([rgb, rgb], { ...info, to_rgb: true });
  assert.deepEqual(normal.dims, [2, 3, 1, 2]);
  near([...normal.data], [0, 3, 0, 1.5, 0, 0.75, 0, 3, 0, 1.5, 0, 0.75]);
  const bgr = pose.modelInput([rgb], { ...info, to_rgb: false });
  near([...bgr.data], [2, 5, 0, 1.5, -0.5, 0.25]);
  const raw = pose.modelInput([rgb, rgb], { ...info, raw_images: true });
  assert.deepEqual(raw.dims, [2, 1, 2, 3]);
  assert.equal(raw.type, 'uint8');
  assert.deepEqual([...raw.data], [3, 2, 1, 6, 5, 4, 3, 2, 1, 6, 5, 4]);
});

test('poses in pixels of the image', () => {
  const frames = [
    { x: 50, y: 100, width: 20, height: 40 },
    { x: 0, y: 0, width: 10, height: 20 },
  ];
  const outputs = {
    coords: new Float32Array([0, 0, 10, 20, 5, 10, 2.5, 0]),
    scores: new Float32Array([0.5, 0.25, 1, 0]),
    sigmas: new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]),
  };
  const info = { input_size: [10, 20] };
  const [a, b] = pose.poses(outputs, frames, info);
  assert.deepEqual(a.keypoints, [[40, 80], [60, 120]]);
  assert.deepEqual(a.sigmas, [[2, 4], [6, 8]]);
  assert.deepEqual(b.keypoints, [[0, 0], [-2.5, -10]]);
  assert.deepEqual(b.scores, [1, 0]);
  const [without] = pose.poses({ ...outputs, sigmas: undefined }, frames, info);
  assert.equal(without.sigmas, null);
  const sigma_calibration = { factors: [2, 0.5], power: 0.5, rate: 2 };
  outputs.scores[3] = -1; // counts as 0
  const of = (sigma, size, score) => size * sigma ** 0.5 * Math.exp(-2 * score);
  const found = pose.poses(outputs, frames, { ...info, sigma_calibration });
  near(found[0].sigmas, [
    [2 * of(1, 2, 0.5), 2 * of(2, 2, 0.5)],
    [2 * of(3, 0.5, 0.25), 2 * of(4, 0.5, 0.25)],
  ]);
  near(found[1].sigmas[1], [of(7, 0.5, 0), of(8, 0.5, 0)]);
  assert.deepEqual(found[0].keypoints, a.keypoints);
});

test('boxes that hold no part of an image', () => {
  const image = { width: 10, height: 20 };
  assert.equal(pose.boxFault([9, 19, 30, 30], image), null);
  assert.match(pose.boxFault([1, 1, 1, 5], image), /no area/);
  assert.match(pose.boxFault([0.1, 0, 1, 1], image), /than a pixel/);
  assert.match(pose.boxFault([10, 0, 20, 5], image), /outside/);
  assert.match(pose.boxFault([0, -5, 5, 0], image), /outside/);
  assert.match(pose.boxFault([0, NaN, 5, 1], image), /finite/);
});

test('of boxes that overlap the best one stays', () => {
  near(detector.overlap([0, 0, 4, 4], [2, 0, 6, 4]), 8 / 24);
  assert.equal(detector.overlap([0, 0, 1, 1], [2, 2, 3, 3]), 0);
  const found = [
    { box: [0, 0, 10, 10], score: 0.5 },
    { box: [1, 0, 11, 10], score: 0.9 },
    { box: [8, 0, 18, 10], score: 0.4 },
  ];
  const kept = detector.suppress(found, 0.6).map(({ score }) => score);
  assert.deepEqual(kept, [0.9, 0.4]);
});

/** Outputs of a NanoDet of 64 x 64 that sees one person. */
function nanodet(logits) {
  const outputs = [8, 16, 32].flatMap((stride) => {
    const n = (64 / stride) ** 2;
    const classes = new Float32Array(n * 80).fill(logits ? -9 : 0);
    return [
      { data: new Float32Array(n * 44), dims: [1, n, 44] },
      { data: classes, dims: [1, n, 80] },
    ];
  });
  // Stride 16, 4 columns: cell 6 is column 2 of row 1, its middle (40, 24).
  const [edges, classes] = outputs.slice(2, 4);
  classes.data[6 * 80] = logits ? Math.log(4) : 0.8;
  classes.data[7 * 80 + 1] = 0.99; // a bicycle
  [1, 0, 1, 2].forEach((bin, side) => {
    edges.data[(6 * 4 + side) * 11 + bin] = 50;
  });
  edges.data[(6 * 4 + 0) * 11 + 2] = 50; // half way between 1 and 2
  return outputs;
}

test('a NanoDet, with its sigmoid and without, in any order', () => {
  for (const logits of [false, true]) {
    const outputs = nanodet(logits);
    for (const order of [outputs, outputs.toReversed()]) {
      const found = detector.people(order, [64, 64], 1, ramp(64, 64));
      assert.equal(found.length, 1);
      near(found[0].box, [40 - 24, 24, 56, 24 + 32], 1e-4);
      near(found[0].score, 0.8);
    }
  }
});

test('a NanoDet keeps scores from 0.35 on', () => {
  for (const [score, count] of [[0.34, 0], [0.36, 1], [NaN, 0]]) {
    const outputs = nanodet(false);
    outputs[3].data[6 * 80] = score;
    const found = detector.people(outputs, [64, 64], 1, ramp(64, 64));
    assert.equal(found.length, count);
  }
});

test('the detector sees the whole image at the top left', () => {
  const image = ramp(20, 10);
  const { crop, scale } = detector.detectorInput(image, [10, 10]);
  assert.equal(scale, 0.5);
  // The means of four pixels, as OpenCV has them.
  assert.deepEqual([...crop.slice(0, 6)], [6, 12, 3, 26, 12, 3]);
  assert.deepEqual([...crop.slice(150)], Array(150).fill(0)); // below
  // Enlarged, its border goes on to the edge.
  const large = detector.detectorInput(ramp(2, 1), [4, 4]).crop;
  assert.deepEqual([...large.slice(0, 12)].filter((_, i) => i % 3 === 0), [
    ...[1, 4, 8, 11],
  ]);
  // A side of 2.5 pixels has 2, as in Python.
  const narrow = detector.detectorInput(ramp(8, 5), [4, 4]).crop;
  assert.deepEqual([...narrow.slice(24)], Array(24).fill(0));
});

test('boxes of the detector end at the border of the image', () => {
  const image = { width: 100, height: 40 };
  const [{ box }] = detector.people(nanodet(false), [64, 64], 0.5, image);
  near(box, [32, 40, 100, 40], 1e-3);
});

const one = {
  keypoints: [[1, 2], [3, 4]],
  scores: [0.5, 0.6],
  sigmas: [[1, 1], [2, 2]],
};

test('how far poses are apart, in pixels of the input', () => {
  const frames = [{ width: 20 }];
  const apart = (change) =>
    pose.difference([one], [{ ...one, ...change }], frames, [10]);
  assert.deepEqual(apart({}), { pixels: 0, scores: 0 });
  near(apart({ keypoints: [[1, 2], [3, 7]] }).pixels, 1.5);
  near(apart({ sigmas: [[1, 1], [2, 4]] }).pixels, 1);
  near(apart({ scores: [0.5, 0.4] }).scores, 0.2);
  assert.equal(apart({ scores: [NaN, 0.4] }).scores, Infinity);
});

test('WebGPU runs after it agreed with wasm, and not before', async () => {
  globalThis.navigator ??= {};
  let gpu;
  const models = new Models({ input_size: [10, 20], padding: 1 }, null, {
    ask: async (task, { backend }) => ({
      poses: [backend === 'webgpu' ? { ...one, ...gpu } : one],
    }),
  });
  const boxes = [[0, 0, 10, 20]];
  await assert.rejects(models.useWebGPU(boxes), /no WebGPU/);
  Object.defineProperty(globalThis.navigator, 'gpu', { value: {} });
  gpu = { keypoints: [[1, 2], [3, 4.6]] };
  await assert.rejects(models.useWebGPU(boxes), /wasm goes on.*0\.60 pix/);
  assert.equal(models.backend, 'wasm');
  gpu = { scores: [0.5, 0.62] };
  await assert.rejects(models.useWebGPU(boxes), /0\.020 of the scores/);
  gpu = { keypoints: [[1, 2], [3, 4.4]] };
  await models.useWebGPU(boxes);
  assert.equal(models.backend, 'webgpu');
});

test('of jobs that wait only the newest is done', async () => {
  const turns = new Turns();
  const done = [];
  let release;
  const first = turns.replace(async (isCurrent) => {
    await new Promise((resolve) => (release = resolve));
    done.push(`first, current: ${isCurrent()}`);
    throw new Error('nobody asks any more');
  });
  await new Promise(setImmediate); // it runs
  const second = turns.replace(async () => done.push('second'));
  const third = turns.replace(async () => done.push('third'));
  const edit = turns.follow(async () => done.push('edit'));
  release();
  await Promise.all([first, second, third, edit]);
  assert.deepEqual(done, ['first, current: false', 'third', 'edit']);
  const bad = turns.replace(async () => {
    throw new Error('no picture');
  });
  await assert.rejects(bad, /no picture/);
  await turns.follow(async () => done.push('goes on'));
  assert.equal(done.at(-1), 'goes on');
});

test('people keep their numbers from frame to frame', async () => {
  const frames = [
    [[0, 0, 10, 10], [20, 0, 30, 10]],
    // Both moved, the other one first; a new one; and a box outside.
    [[22, 0, 32, 10], [2, 0, 12, 10], [60, 0, 70, 10], [200, 0, 210, 10]],
    [[60, 0, 70, 10]], // two are missed, once and twice
    [[60, 0, 70, 10]],
    [[60, 0, 70, 10], [65, 0, 75, 10]],
    [[60, 0, 70, 10], [20, 0, 30, 10], [80, 0, 90, 10]], // one is covered
    [[60, 0, 70, 10]], // of two who are missed, one is lost
  ];
  const faint = { ...one, scores: [0.1, 0.2] };
  const asked = [];
  const picture = new Picture({
    show: async () => ({ width: 100, height: 50 }),
    detect: async () => frames.shift().map((box) => ({ box, score: 0.5 })),
    estimate: async (boxes) => {
      asked.push(boxes);
      const pose = ([left]) => (frames.length || left < 80 ? one : faint);
      return { poses: boxes.map(pose), milliseconds: 1 };
    },
  });
  const numbers = [];
  while (frames.length) {
    const earlier = picture.people;
    await picture.show();
    await picture.find(earlier);
    numbers.push(picture.people.map(({ number }) => number));
  }
  assert.deepEqual(numbers, [
    ...[[1, 2], [2, 1, 3], [3, 2, 1], [3], [3, 4], [3, 5, 6], [3]],
  ]);
  // Only a box that is new is asked for again.
  picture.add([0, 0, 20, 20]);
  await picture.estimate();
  assert.deepEqual(asked.at(-1), [[0, 0, 20, 20]]);
  const [found, drawn] = picture.result();
  assert.deepEqual([found.score, drawn.score], [0.5, null]);
  assert.deepEqual(drawn, { number: 7, box: [0, 0, 20, 20], score: null, ...one });
});
