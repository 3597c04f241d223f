// From boxes to crops, and from a model's output to poses; no browser needed.
// N: people. K: keypoints. W, H: width and height of a crop, pixels.
// An image is {data, width, height}, RGBA bytes, as ImageData is; a box is
// [x1, y1, x2, y2] in its pixels. The numbers are those of
// distilpose_runtime/boxes.py and estimator.py, so that both agree.

/** What a crop shows: centre and size, of the crop's aspect, image pixels. */
export function frame([x1, y1, x2, y2], [W, H], padding) {
  const width = (x2 - x1) * padding;
  const height = (y2 - y1) * padding;
  const aspect = W / H;
  return {
    x: (x1 + x2) / 2,
    y: (y1 + y2) / 2,
    width: Math.max(width, height * aspect),
    height: Math.max(height, width / aspect),
  };
}

/**
 * A crop as RGB bytes (H, W, 3): linear interpolation, black outside.
 *
 * Pixel i lies at coordinate i, and the frame reaches from 0 to (W, H), or by
 * UDP to (W - 1, H - 1), as in MMPose. A canvas lets pixel i reach from i to
 * i + 1, and each browser chooses how it mixes pixels; hence no canvas here.
 */
export function crop(image, { x, y, width, height }, [W, H], udp = false) {
  const last = udp ? 1 : 0;
  const [stepX, stepY] = [width / (W - last), height / (H - last)];
  const out = new Uint8ClampedArray(W * H * 3); // it rounds
  for (let v = 0, o = 0; v < H; v++) {
    for (let u = 0; u < W; u++, o += 3) {
      const left = x - width / 2 + u * stepX;
      sample(image, left, y - height / 2 + v * stepY, out, o);
    }
  }
  return out;
}

/** Write RGB at (x, y) to out[o ...]: linear between pixels, black outside. */
export function sample({ data, width, height }, x, y, out, o) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  let [r, g, b] = [0, 0, 0];
  for (let row = top; row <= top + 1; row++) {
    if (row < 0 || row >= height) continue;
    for (let column = left; column <= left + 1; column++) {
      if (column < 0 || column >= width) continue;
      const share = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
      const at = (row * width + column) * 4;
      r += data[at] * share;
      g += data[at + 1] * share;
      b += data[at + 2] * share;
    }
  }
  out[o] = r;
  out[o + 1] = g;
  out[o + 2] = b;
}

/**
 * Crops as a model's input: {type, data, dims} of a tensor.
 *
 * `info` says how: raw_images for bytes (N, H, W, 3) in the order BGR, else
 * float32 (N, 3, H, W) with mean and std, in the order BGR or, by to_rgb, RGB.
 */
export function modelInput(crops, info) {
  const [W, H] = info.input_size;
  const count = crops.length;
  if (info.raw_images) {
    const data = new Uint8Array(count * H * W * 3);
    crops.forEach((rgb, n) => {
      for (let i = 0; i < rgb.length; i += 3) {
        for (let c = 0; c < 3; c++) {
          data[n * rgb.length + i + c] = rgb[i + 2 - c];
        }
      }
    });
    return { type: 'uint8', data, dims: [count, H, W, 3] };
  }
  const data = new Float32Array(count * 3 * H * W);
  crops.forEach((rgb, n) => {
    for (let c = 0; c < 3; c++) {
      const source = info.to_rgb ? c : 2 - c;
      const plane = (n * 3 + c) * H * W;
      for (let i = 0; i < H * W; i++) {
        data[plane + i] = (rgb[i * 3 + source] - info.mean[c]) / info.std[c];
      }
    }
  });
  return { type: 'float32', data, dims: [count, 3, H, W] };
}

/**
 * Poses in image pixels, one for each frame: {keypoints: [[x, y]...], scores,
 * sigmas: [[x, y]...] or null}. `outputs` holds the flat arrays coords
 * (N, K, 2), scores (N, K) and, from some models, sigmas (N, K, 2). With the
 * sigma_calibration of `info`, which sigmas.py describes, sigmas are calibrated.
 */
export function poses(outputs, frames, info) {
  const [W, H] = info.input_size;
  const sigmas = calibrated(outputs, info.sigma_calibration);
  const K = outputs.scores.length / Math.max(frames.length, 1);
  return frames.map((f, n) => {
    const pairs = (values, offsetX, offsetY) =>
      Array.from({ length: K }, (_, k) => [
        (values[(n * K + k) * 2] / W) * f.width + offsetX,
        (values[(n * K + k) * 2 + 1] / H) * f.height + offsetY,
      ]);
    return {
      keypoints: pairs(
        outputs.coords,
        f.x - f.width / 2,
        f.y - f.height / 2,
      ),
      scores: Array.from(outputs.scores.subarray(n * K, (n + 1) * K)),
      sigmas: sigmas ? pairs(sigmas, 0, 0) : null,
    };
  });
}

/** Sigmas (N, K, 2) as sigmas.py calibrates them. */
function calibrated({ sigmas, scores }, calibration) {
  if (!sigmas || !calibration) return sigmas;
  const { factors, power, rate } = calibration;
  return sigmas.map((sigma, i) => {
    const pair = i >> 1; // a person and a keypoint
    const size = factors[pair % factors.length];
    return size * sigma ** power * Math.exp(-rate * Math.max(scores[pair], 0));
  });
}

/** Why a box has no part of an image, in words; null where it has one. */
export function boxFault([x1, y1, x2, y2], { width, height }) {
  if (![x1, y1, x2, y2].every(Number.isFinite)) return 'is not finite';
  if (x2 <= x1 || y2 <= y1) return 'has no area';
  if (x2 - x1 <= 1 && y2 - y1 <= 1) return 'is no larger than a pixel';
  if (x2 <= 0 || y2 <= 0 || x1 >= width || y1 >= height) {
    return 'lies outside the image';
  }
  return null;
}

/**
 * How far two backends are apart: {pixels, scores}, the largest differences
 * of keypoints and sigmas in pixels of the model's input, and of scores.
 * `frames` are those of the poses. NaN counts as infinitely far.
 */
export function difference(some, others, frames, [W]) {
  const largest = (a, b) => {
    const [left, right] = [a.flat(), b.flat()];
    return left.reduce((most, value, i) => {
      const apart = Math.abs(value - right[i]);
      return Math.max(most, Number.isNaN(apart) ? Infinity : apart);
    }, 0);
  };
  const found = { pixels: 0, scores: 0 };
  some.forEach((pose, n) => {
    const other = others[n];
    const scale = frames[n].width / W;
    for (const kind of ['keypoints', 'sigmas']) {
      if (!pose[kind]) continue;
      const apart = largest(pose[kind], other[kind]) / scale;
      found.pixels = Math.max(found.pixels, apart);
    }
    const apart = largest(pose.scores, other.scores);
    found.scores = Math.max(found.scores, apart);
  });
  return found;
}
