// People in an image by a NanoDet: its input and its output.
// n: cells of a feature map. The numbers are those of detectors.py and
// images.fit, so that both find the same boxes.

import { sample } from './pose.js';

// Of ImageNet, in bytes and in the order BGR.
const MEAN = [103.53, 116.28, 123.675];
const STD = [57.375, 57.12, 58.395];
const STRIDES = [8, 16, 32];
const PERSON = 0; // of COCO's 80 classes
const MIN_SCORE = 0.35;
const MAX_OVERLAP = 0.5;

/**
 * An image as the detector's input, scaled to fit into its upper left corner:
 * {crop, scale, info}, the first and the last for modelInput().
 */
export function detectorInput(image, [W, H]) {
  const scale = Math.min(W / image.width, H / image.height);
  const inner = (length, full) =>
    Math.min(full, Math.max(1, roundToEven(length * scale)));
  const width = inner(image.width, W);
  const height = inner(image.height, H);
  const crop = new Uint8ClampedArray(3 * W * H);
  for (let v = 0; v < height; v++) {
    const y = middle(v, height, image.height);
    for (let u = 0; u < width; u++) {
      const x = middle(u, width, image.width);
      sample(image, x, y, crop, (v * W + u) * 3);
    }
  }
  const info = { input_size: [W, H], to_rgb: false, mean: MEAN, std: STD };
  return { crop, scale, info };
}

/** As Python rounds. */
function roundToEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

/** Where the i-th of `count` pixels lies among `length`, inside of these. */
function middle(i, count, length) {
  const at = ((i + 0.5) * length) / count - 0.5;
  return Math.min(Math.max(at, 0), length - 1);
}

/**
 * The people in an image, the best first: [{box, score}], boxes in its pixels.
 * `scale` is that of its input.
 */
export function people(outputs, size, scale, image) {
  const found = decode(outputs, size).map(({ box, score }) => ({
    box: box.map((value, i) => {
      const end = i % 2 ? image.height : image.width;
      return Math.min(Math.max(value / scale, 0), end);
    }),
    score,
  }));
  return suppress(found, MAX_OVERLAP);
}

/**
 * Boxes of people with scores, in pixels of the input: [{box, score}].
 * `outputs` are tensors {data, dims}; for each stride, one
 * with classes (1, n, C) and one with edges (1, n, 4 * bins): left, top,
 * right and bottom of a cell's middle, each a distribution over multiples of
 * the stride, of which the expectation is the distance.
 */
function decode(outputs, [W, H]) {
  const found = [];
  for (const stride of STRIDES) {
    const columns = Math.ceil(W / stride);
    const n = columns * Math.ceil(H / stride);
    const [edges, classes] = outputs
      .filter(({ dims }) => dims[1] === n)
      .sort((a, b) => isEdges(b) - isEdges(a));
    const score = probabilities(classes.data);
    const C = classes.dims[2];
    const bins = edges.dims[2] / 4;
    for (let i = 0; i < n; i++) {
      const confidence = score(classes.data[i * C + PERSON]);
      if (!(confidence >= MIN_SCORE)) continue; // NaN is no score, either
      const [left, top, right, bottom] = [0, 1, 2, 3].map((side) => {
        const start = (i * 4 + side) * bins;
        return expectation(edges.data.subarray(start, start + bins)) * stride;
      });
      const x = ((i % columns) + 0.5) * stride;
      const y = (Math.floor(i / columns) + 0.5) * stride;
      const box = [x - left, y - top, x + right, y + bottom];
      found.push({ box, score: confidence });
    }
  }
  return found;
}

/** NanoDets have 8, 11 or 17 bins an edge. */
function isEdges({ dims }) {
  return [32, 44, 68].includes(dims[2]) ? 1 : 0;
}

/** Some exports end in a sigmoid, others leave it out. */
function probabilities(values) {
  const areLogits = values.some((value) => value < 0 || value > 1);
  return areLogits ? (x) => 1 / (1 + Math.exp(-x)) : (x) => x;
}

function expectation(logits) {
  const most = Math.max(...logits);
  let sum = 0;
  let weighted = 0;
  logits.forEach((logit, bin) => {
    const weight = Math.exp(logit - most);
    sum += weight;
    weighted += weight * bin;
  });
  return weighted / sum;
}

/** Of boxes that overlap more than this, the one with the best score. */
export function suppress(found, maxOverlap) {
  const kept = [];
  for (const candidate of [...found].sort((a, b) => b.score - a.score)) {
    if (kept.every((k) => overlap(k.box, candidate.box) <= maxOverlap)) {
      kept.push(candidate);
    }
  }
  return kept;
}

/** Intersection over union. */
export function overlap(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const shared = Math.max(width, 0) * Math.max(height, 0);
  return shared / (area(a) + area(b) - shared);
}

export function area([x1, y1, x2, y2]) {
  return (x2 - x1) * (y2 - y1);
}
