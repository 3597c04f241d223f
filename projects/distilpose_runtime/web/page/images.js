// Pictures as ImageData: bytes RGBA, as they are stored.

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
  try {
    return storedPixels(bitmap);
  } catch {
    throw new Error(
      `"${file.name}" has ${bitmap.width} x ${bitmap.height} pixels, more ` +
        'than this browser can hold. Make it smaller.',
    );
  } finally {
    bitmap.close();
  }
}

/** What a page shows of an image: a bitmap of at most this length. */
export function displayed(image, maxLength) {
  const scale = Math.min(1, maxLength / Math.max(image.width, image.height));
  if (scale === 1) return createImageBitmap(image);
  return createImageBitmap(image, {
    resizeWidth: Math.max(1, Math.round(image.width * scale)),
    resizeHeight: Math.max(1, Math.round(image.height * scale)),
    resizeQuality: 'medium',
  });
}

/**
 * Colours of a bitmap without its transparency, as in training and Python. A
 * canvas loses the colours of what is transparent; a texture keeps them.
 */
function storedPixels(bitmap) {
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext('webgl');
  if (Math.max(width, height) > (gl?.getParameter(gl.MAX_TEXTURE_SIZE) ?? 0)) {
    return bitmapPixels(bitmap);
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
export function bitmapPixels(bitmap) {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', {
    alpha: false,
    willReadFrequently: true,
  });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height);
}
