// Poses over a picture. Sizes are in pixels of the image.

/** Draw an image, boxes and poses on a canvas of the image's size. */
export function draw(canvas, image, boxes, poses, info, options) {
  canvas.width = image.width;
  canvas.height = image.height;
  const context = canvas.getContext('2d');
  context.putImageData(image, 0, 0);
  context.lineCap = 'round';
  const dots = colors(info.keypoint_colors, info.keypoint_names.length);
  const lines = colors(info.skeleton_colors, info.skeleton.length);
  const thin = Math.max(1, image.width / 640);
  boxes.forEach((box, n) => {
    const [x1, y1, x2, y2] = box;
    context.lineWidth = thin;
    context.strokeStyle = '#ddd';
    if (options.boxes) context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    if (!poses[n]) return;
    const { keypoints, scores, sigmas } = poses[n];
    const seen = scores.map(
      (score, k) =>
        score >= options.minScore && keypoints[k].every(Number.isFinite),
    );
    const width = Math.max(thin, Math.max(x2 - x1, y2 - y1) / 150);
    context.lineWidth = width;
    info.skeleton.forEach(([a, b], i) => {
      if (!seen[a] || !seen[b]) return;
      context.strokeStyle = lines[i];
      context.beginPath();
      context.moveTo(...keypoints[a]);
      context.lineTo(...keypoints[b]);
      context.stroke();
    });
    context.lineWidth = thin;
    keypoints.forEach(([x, y], k) => {
      if (!seen[k]) return;
      context.fillStyle = context.strokeStyle = dots[k];
      ellipse(context, x, y, 1.5 * width, 1.5 * width);
      context.fill();
      if (options.ellipses && sigmas) {
        ellipse(context, x, y, ...sigmas[k]);
        context.stroke();
      }
    });
  });
}

function ellipse(context, x, y, radiusX, radiusY) {
  context.beginPath();
  context.ellipse(x, y, radiusX, radiusY, 0, 0, 2 * Math.PI);
}

/** The model's colours, or a rainbow. */
function colors(given, count) {
  if (given?.length === count) return given.map((c) => `rgb(${c})`);
  const hues = Array.from({ length: count }, (_, i) => (360 * i) / count);
  return hues.map((hue) => `hsl(${hue} 100% 50%)`);
}
