"""MMPose's codecs of heatmaps and rows, for one size of input."""

from mmpose.codecs import MegviiHeatmap, MSRAHeatmap, SimCCLabel, UDPHeatmap

SIZE, GRID = (96, 128), (24, 32)
CODECS = {
    'msra': MSRAHeatmap(SIZE, GRID, 2.0),
    'dark': MSRAHeatmap(SIZE, GRID, 2.0, unbiased=True),
    'dark, small kernel': MSRAHeatmap(
        SIZE, GRID, 1.5, unbiased=True, blur_kernel_size=7
    ),
    'udp': UDPHeatmap(SIZE, GRID, sigma=2.0),
    'udp combined': UDPHeatmap(SIZE, GRID, 'combined'),
    'megvii': MegviiHeatmap(SIZE, GRID, 11),
    'megvii, small kernel': MegviiHeatmap(SIZE, GRID, 5),
    'simcc': SimCCLabel(SIZE, sigma=6.0),
    'rtmpose': SimCCLabel(
        SIZE, sigma=(3.5, 4.0), normalize=False, use_dark=True
    ),
}
