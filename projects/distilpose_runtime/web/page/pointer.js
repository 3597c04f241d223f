// Boxes that the user draws: dragged, or two corners that are tapped.

const SMALLEST = 8; // pixels of the screen; less is a tap, not a box

/**
 * Let the user draw boxes on a canvas. `on` has what to do: canDraw(),
 * preview(box) and preview(null), tapped() after the first corner, and
 * draw(box). Boxes are in shares of the canvas. Gives a function that drops
 * what was begun.
 */
export function drawBoxes(canvas, on) {
  let corner = null; // where the box begins
  let isSecond = false; // whether its other corner is being tapped

  const position = ({ clientX, clientY }) => {
    const area = canvas.getBoundingClientRect();
    const x = (clientX - area.left) / area.width;
    return [x, (clientY - area.top) / area.height];
  };
  const boxTo = (event) => {
    const [[x1, y1], [x2, y2]] = [corner, position(event)];
    const [left, right] = x1 < x2 ? [x1, x2] : [x2, x1];
    const [top, bottom] = y1 < y2 ? [y1, y2] : [y2, y1];
    return [left, top, right, bottom];
  };
  const cancel = () => {
    corner = null;
    on.preview(null);
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (!on.canDraw() || event.button) return;
    isSecond = corner !== null;
    corner ??= position(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (corner) on.preview(boxTo(event));
  });
  canvas.addEventListener('pointerup', (event) => {
    if (!corner) return;
    const box = boxTo(event);
    const isTap =
      (box[2] - box[0]) * canvas.clientWidth < SMALLEST ||
      (box[3] - box[1]) * canvas.clientHeight < SMALLEST;
    if (isTap && !isSecond) {
      on.tapped();
      return;
    }
    cancel();
    if (!isTap) on.draw(box);
  });
  canvas.addEventListener('pointercancel', cancel); // the page scrolls
  return cancel;
}
