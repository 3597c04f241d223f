// Pictures that move, frame by frame: {bitmap, time, share}. `bitmap` is an
// ImageBitmap, `time` in seconds, `share` of the video that is over.

/** A video's frames, each of them, however long the work on one takes. */
export async function* videoFrames(file) {
  const address = URL.createObjectURL(file);
  const video = document.createElement('video');
  video.muted = true;
  video.preload = 'auto';
  video.src = address;
  // Without a callback, Chromium keeps no frame of a video beside the page.
  const keep = () => video.requestVideoFrameCallback?.(keep);
  keep();
  try {
    await happens(video, 'loadeddata', file.name);
    // No browser tells the rate of a video; more than 60 a second are rare.
    let spacing = 1 / 60;
    let [time, target] = [-1, 0];
    while (true) {
      const now = frameTime(video);
      if (now > time) {
        const step = now - time;
        if (time >= 0 && (spacing === 1 / 60 || step < spacing)) spacing = step;
        time = now;
        const share = time / video.duration;
        yield { bitmap: await createImageBitmap(video), time, share };
        target = time + 1.5 * spacing; // the middle of the next frame
      } else {
        target += spacing;
      }
      if (video.currentTime >= video.duration) return;
      video.currentTime = Math.min(target, video.duration);
      await happens(video, 'seeked', file.name);
    }
  } finally {
    video.removeAttribute('src');
    URL.revokeObjectURL(address);
  }
}

/** When the frame that a video shows begins, seconds. */
function frameTime(video) {
  const frame = new VideoFrame(video);
  frame.close();
  return frame.timestamp / 1e6;
}

function happens(video, event, name) {
  return new Promise((resolve, reject) => {
    video.addEventListener(event, resolve, { once: true });
    video.onerror = () =>
      reject(
        new Error(
          `"${name}" is not a video that this browser can play. Choose an MP4 ` +
            'file (H.264) or a WebM file.',
        ),
      );
  });
}

/** What the camera shows, as often as it is asked for. */
export async function* cameraFrames() {
  const video = document.createElement('video');
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: true,
    });
  } catch (error) {
    const why =
      error.name === 'NotAllowedError'
        ? 'The browser does not let this page use the camera: allow it'
        : `There is no camera that can be used (${error.name}): connect one`;
    throw new Error(`${why}, or choose a photo.`);
  }
  try {
    video.muted = true;
    await video.play();
    while (true) {
      const bitmap = await createImageBitmap(video);
      yield { bitmap, time: video.currentTime };
      await new Promise(requestAnimationFrame);
    }
  } finally {
    for (const track of video.srcObject.getTracks()) track.stop();
  }
}
