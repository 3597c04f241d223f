"""Small videos."""

from distilpose_runtime.frames import Frame


def film(path, images, times=None):
    """Write images as a video of 20 frames a second; give its writer."""
    from distilpose_runtime.video import VideoWriter  # needs PyAV

    writer = VideoWriter(path, 20.0)
    for i, image in enumerate(images):
        time = i / 20 if times is None else times[i]
        writer.write(Frame(image, '', i, time), image)
    writer.close()
    return writer
