// People in an image by a NanoDet: its input and its output.
// L: length of the square input, pixels. n: cells of a feature map.

import { crop, wholeImage } from './pose.js';

// Of ImageNet, in bytes and in the order BGR.
const MEAN = [103.53, 116.28, 123.675];
const STD = [57.375, 57.12, 58.395];
const STRIDES = [8, 16, 32];
const PERSON = 0; // of COCO's 80 classes
const MIN_SCORE = 0.35;
const MAX_OVERLAP = 0.6;

/** The image as the detector's input, and the frame that it shows. */
export function detectorInput(image, size) {
  const frame = wholeImage(image, size);
  const info = { input_size: size, to_rgb: false, mean: MEAN, std: STD };
  return { frame, crops: [crop(image, frame, size)], info };
}

/**
 * Boxes of people with scores, in pixels of the input, the best first:
 * [{box, score}]. `outputs` are tensors {data, dims}; for each stride, one
 * with classes (1, n, C) and one with edges (1, n, 4 * bins): left, top,
 * right and bottom of a cell's middle, each a distribution over multiples of
 * the stride, of which the expectation is the distance.
 */
export function decode(outputs, [W, H]) {
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
      if (confidence < MIN_SCORE) continue;
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
  return suppress(found, MAX_OVERLAP);
}

/** NanoDets have 8, 11 or 17 bins an edge. */
function isEdges({ dims }) {
  return [32, 44, 68].includes(dims[2]) ? 1 : 0;
}

/** Some exports end in a sigmoid, others leave it out. */
function probabilities(values) {
  const given = values.every((value) => value >= 0 && value <= 1);
  return given ? (x) => x : (x) => 1 / (1 + Math.exp(-x));
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
  const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
  return shared / (area(a) + area(b) - shared);
}

/** Boxes of the input as boxes of the image, cut at its borders. */
export function toImage(box, frame, [W], image) {
  const scale = frame.width / W;
  return box.map((value, i) =>
    Math.min(Math.max(value * scale, 0), i % 2 ? image.height : image.width),
  );
}
