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


def copy_video(old, new, start=0.0, **options):
    """Copy a video, shown from ``start`` on; it has half a second before."""
    import av

    with (
        av.open(str(old)) as given,
        av.open(str(new), 'w', options=options) as file,
    ):
        stream = given.streams.video[0]
        copied = file.add_stream_from_template(stream)
        for packet in given.demux(stream):
            if packet.dts is not None and (
                packet.pts * stream.time_base >= start - 0.5
            ):
                packet.pts -= int(start / stream.time_base)
                packet.dts -= int(start / stream.time_base)
                packet.stream = copied
                file.mux(packet)


def video_that_ends_early(path, images):
    """Write images as a video; the second half of the file is lost.

    Its header tells of frames that are not there.
    """
    whole = path.with_name('whole.mp4')
    write_video(whole, images)
    copy_video(whole, path, movflags='faststart')
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
