// People over a picture, drawn as appearance.py describes it. `look` has its
// numbers and colours: {radius, crowded, ...}.

const SHARP = 1280; // pixels of a canvas, to which small pictures are enlarged

/**
 * Draw a picture and its people on a canvas.
 *
 * `shown` is {bitmap, width, people}, with coordinates in pixels of a picture
 * of this width; `options` are {parts, minScore, chosen}: which of the parts
 * 'ids', 'boxes' and 'sigmas' to draw, and a person whom the others give way.
 */
export function draw(canvas, shown, info, look, options) {
  const { bitmap, width, people } = shown;
  const longest = Math.max(bitmap.width, bitmap.height);
  const larger = Math.max(1, SHARP / longest);
  canvas.width = Math.round(bitmap.width * larger);
  canvas.height = Math.round(bitmap.height * larger);
  const context = canvas.getContext('2d');
  context.lineJoin = 'round';
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const scale = canvas.width / width;
  const sizes = {
    ...look,
    smallest: larger * look.smallest,
    smallest_hollow: larger * look.smallest_hollow,
  };
  const drawn = people
    .map((person) => prepare(person, scale, info, sizes, options.minScore))
    .sort((a, b) => b.radius - a.radius);
  const { parts, chosen } = options;
  const each = (action) => {
    for (const person of drawn) {
      const isFaint = chosen && chosen !== person.given;
      context.globalAlpha = isFaint ? 0.25 : 1;
      action(context, person, look);
    }
  };
  if (parts.includes('sigmas')) each(drawSigmas);
  each((...given) => {
    if (parts.includes('boxes') || !given[1].given.pose) drawBox(...given);
    drawLimbs(...given);
    drawKeypoints(...given);
  });
  if (parts.includes('ids')) each(drawNumber);
  context.globalAlpha = 1;
}

/** The colour of a person. */
export function colorOf({ number }, { people }) {
  return rgb(people[(number - 1) % people.length]);
}

function rgb(color) {
  return `rgb(${color})`;
}

/** A person in pixels of the canvas, with sizes and colours. */
function prepare(given, scale, info, look, minScore) {
  const box = given.box.map((value) => value * scale);
  const { keypoints = [], scores = [], sigmas } = given.pose ?? {};
  const points = keypoints.map((point) => point.map((value) => value * scale));
  const known = points.map((point) => point.every(Number.isFinite));
  const shown = scores.map((score, k) => known[k] && score >= minScore);
  const hollow = scores.map((score) => score < look.sure);
  const radius = look.radius * size(box, points, known);
  const radii = radiiOf({ points, shown, hollow }, radius, look);
  const color = colorOf(given, look);
  const edge = look.edge * radius >= look.faintest ? look.edge : 0;
  return {
    ...{ given, box, points, shown, hollow, radius, radii, edge, color },
    ...colorsOf(color, info, look),
    sigmas: sigmas?.map((pair) => pair.map((value) => value * scale)),
  };
}

function size([x1, y1, x2, y2], points, known) {
  const whole = Math.sqrt(Math.max(x2 - x1, 0) * Math.max(y2 - y1, 0));
  const ends = [0, 1].map((axis) => {
    const values = points.filter((_, k) => known[k]).map((p) => p[axis]);
    return Math.max(...values) - Math.min(...values);
  });
  const isOne = known.filter(Boolean).length < 2;
  return isOne ? whole : Math.min(whole, Math.max(...ends));
}

/** Radii of keypoints, smaller where they are close together. */
function radiiOf({ points, shown, hollow }, largest, look) {
  const others = points.filter((_, k) => shown[k]);
  return points.map(([x, y], k) => {
    let radius = largest;
    if (shown[k] && others.length > 2) {
      const apart = others.map(([a, b]) => Math.hypot(a - x, b - y));
      const second = apart.sort((a, b) => a - b)[2]; // the first is itself
      radius = Math.min(radius, look.crowded * second);
    }
    return hollow[k]
      ? Math.max(look.hollow * radius, look.smallest_hollow)
      : Math.max(radius, look.smallest);
  });
}

/** {skeleton, dots, lines}: colours of a person's keypoints and limbs. */
function colorsOf(own, info, look) {
  const { sides, skeleton } = info;
  const given = (values, of) =>
    of.map((_, i) => (values ? rgb(values[i]) : own));
  if (!sides.some(Boolean)) {
    const dots = given(info.keypoint_colors, sides);
    return { skeleton, dots, lines: given(info.skeleton_colors, skeleton) };
  }
  const lines = skeleton.map(([a, b]) =>
    sides[a] && sides[a] === sides[b] ? rgb(look[sides[a]]) : own,
  );
  return { skeleton, dots: sides.map(() => own), lines };
}

function drawSigmas(context, { points, shown, sigmas, dots }) {
  const alpha = context.globalAlpha;
  sigmas?.forEach((radii, k) => {
    if (!shown[k]) return;
    context.beginPath();
    context.ellipse(...points[k], ...radii, 0, 0, 2 * Math.PI);
    context.fillStyle = context.strokeStyle = dots[k];
    context.lineWidth = 1;
    context.globalAlpha = alpha * 0.25;
    context.fill();
    context.globalAlpha = alpha;
    context.stroke();
  });
}

function drawBox(context, { box: [x1, y1, x2, y2], radius, color }, look) {
  const width = Math.max(radius / 3, 1);
  for (const [more, style] of [[2, rgb(look.outline)], [0, color]]) {
    context.lineWidth = width + more;
    context.strokeStyle = style;
    context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  }
}

function drawLimbs(context, person, look) {
  const { points, shown, hollow, radii, edge, lines } = person;
  const shapes = person.skeleton.map((ends) => {
    const [[x1, y1], [x2, y2]] = ends.map((k) => points[k] ?? [0, 0]);
    const length = Math.hypot(x2 - x1, y2 - y1);
    // Limbs end at the rings of hollow keypoints, which stay hollow.
    const cut = ends.map((k) => (hollow[k] ? radii[k] : 0));
    if (!ends.every((k) => shown[k]) || cut[0] + cut[1] >= length) return null;
    const [x, y] = [(x2 - x1) / length, (y2 - y1) / length];
    const [a, b] = ends.map((k) => (look.limb / 2) * radii[k]);
    const shape = new Path2D();
    const [fromX, fromY] = [x1 + cut[0] * x, y1 + cut[0] * y];
    const [toX, toY] = [x2 - cut[1] * x, y2 - cut[1] * y];
    shape.moveTo(fromX - a * y, fromY + a * x);
    shape.lineTo(toX - b * y, toY + b * x);
    shape.lineTo(toX + b * y, toY - b * x);
    shape.lineTo(fromX + a * y, fromY - a * x);
    shape.closePath();
    return shape;
  });
  context.strokeStyle = rgb(look.outline);
  shapes.forEach((shape, i) => {
    const [a, b] = person.skeleton[i];
    context.lineWidth = edge * (radii[a] + radii[b]);
    if (shape && edge) context.stroke(shape);
  });
  shapes.forEach((shape, i) => {
    context.fillStyle = lines[i];
    if (shape) context.fill(shape);
  });
}

function drawKeypoints(context, person, look) {
  const { points, shown, hollow, radii, edge, dots } = person;
  for (const share of edge ? [edge, 0] : [0]) { // the outlines first
    points.forEach((point, k) => {
      if (!shown[k]) return;
      const more = share * radii[k];
      const ring = Math.max(look.ring * radii[k], 1) + more;
      context.fillStyle = more ? rgb(look.outline) : dots[k];
      context.beginPath();
      context.arc(...point, radii[k] + more, 0, 2 * Math.PI);
      // The outline is outside of a ring, which stays hollow.
      if (hollow[k]) {
        const hole = Math.max(radii[k] + more - ring, 0);
        context.arc(...point, hole, 0, 2 * Math.PI, true);
      }
      context.fill();
    });
  }
}

function drawNumber(context, { given, box: [x, y], color }, look) {
  const { width, height } = context.canvas;
  const tall = Math.min(width / 40, height / 8);
  context.font = `bold ${tall}px system-ui, sans-serif`;
  const wide = context.measureText(given.number).width + tall / 2;
  const left = Math.min(Math.max(x, 0), Math.max(width - wide, 0));
  const top = Math.max(y - 1.2 * tall, 0);
  context.fillStyle = color;
  context.fillRect(left, top, wide, 1.2 * tall);
  context.fillStyle = rgb(look.outline);
  context.fillText(given.number, left + tall / 4, top + 0.97 * tall);
}
