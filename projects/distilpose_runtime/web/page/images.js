// Pictures of files and of the camera as ImageData.

/** Pixels of a picture file, turned as its EXIF says. */
export async function readPicture(file) {
  let bitmap;
  try {
    // Colours as they are stored, which is what OpenCV reads in Python.
    bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' });
  } catch {
    throw new Error(
      `"${file.name}" is not a picture that this browser can read. Choose ` +
        'a JPEG, PNG or WebP file.',
    );
  }
  const image = pixels(bitmap, bitmap.width, bitmap.height);
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
