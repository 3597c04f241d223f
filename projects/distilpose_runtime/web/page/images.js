// Pictures of files and of the camera as ImageData.

/** Pixels of a picture file, turned as its EXIF says. */
export async function readPicture(file) {
  let bitmap;
  try {
    // Colours as they are stored, which is what OpenCV reads in Python.
    bitmap = await createImageBitmap(file, {
      colorSpaceConversion: 'none',
      premultiplyAlpha: 'none',
    });
  } catch {
    throw new Error(
      `"${file.name}" is not a picture that this browser can read. Choose ` +
        'a JPEG, PNG or WebP file.',
    );
  }
  const image = storedPixels(bitmap);
  bitmap.close();
  return image;
}

/** The camera's stream, on a video element that plays. */
export async function openCamera() {
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
  video.muted = true;
  await video.play();
  return video;
}

export function closeCamera(video) {
  for (const track of video.srcObject.getTracks()) track.stop();
}

/** What the camera shows now. */
export function readFrame(video) {
  return pixels(video, video.videoWidth, video.videoHeight);
}

/**
 * Colours of a bitmap without its transparency, as in training and Python. A
 * canvas loses the colours of what is transparent; a texture keeps them.
 */
function storedPixels(bitmap) {
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext('webgl');
  if (Math.max(width, height) > (gl?.getParameter(gl.MAX_TEXTURE_SIZE) ?? 0)) {
    return pixels(bitmap, width, height);
  }
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  const { TEXTURE_2D, RGBA, UNSIGNED_BYTE, FRAMEBUFFER } = gl;
  gl.texImage2D(TEXTURE_2D, 0, RGBA, RGBA, UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(FRAMEBUFFER, gl.createFramebuffer());
  const place = gl.COLOR_ATTACHMENT0;
  gl.framebufferTexture2D(FRAMEBUFFER, place, TEXTURE_2D, texture, 0);
  const data = new Uint8ClampedArray(4 * width * height);
  gl.readPixels(0, 0, width, height, RGBA, UNSIGNED_BYTE, data);
  gl.getExtension('WEBGL_lose_context')?.loseContext(); // there are few
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  return new ImageData(data, width, height);
}

/** Black where a picture is transparent. */
function pixels(source, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', {
    alpha: false,
    willReadFrequently: true,
  });
  context.drawImage(source, 0, 0);
  return context.getImageData(0, 0, width, height);
}
