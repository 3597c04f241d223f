"""Small videos."""

from distilpose_runtime.frames import Frame


def write_video(path, images, times=None):
    """Write images as a video of 20 frames a second; give its writer."""
    from distilpose_runtime.video import VideoWriter  # needs PyAV

    writer = VideoWriter(path, 20.0)
    for i, image in enumerate(images):
        time = i / 20 if times is None else times[i]
        writer.write(Frame(image, '', i, time), image)
    writer.close()
    return writer


def video_that_ends_early(path, images):
    """Write images as a video; the second half of the file is lost.

    Its header tells of frames that are not there.
    """
    import av

    whole = path.with_name('whole.mp4')
    write_video(whole, images)
    with (
        av.open(str(whole)) as old,
        av.open(str(path), 'w', options={'movflags': 'faststart'}) as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
