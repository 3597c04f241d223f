"""The parts and joints of a body, by name; COCO's joints in COCO's order."""

__all__ = ['HOLDERS', 'KEYPOINTS', 'LIMBS', 'PARTS', 'SKELETON']

# Limb: its two joints, its clothing, and what hangs on its end.
LIMBS = {
    'upper_arm': ('shoulder', 'elbow', 'shirt', None),
    'forearm': ('elbow', 'wrist', 'shirt', 'hand'),
    'thigh': ('hip', 'knee', 'trousers', None),
    'shin': ('knee', 'ankle', 'trousers', 'toe'),
}

PARTS = ('pelvis', 'torso', 'head') + tuple(
    f'{side}_{limb}' for side in ('left', 'right') for limb in LIMBS
)

# COCO's joints in order, and the parts on which each can be seen; {} is its
# side.
HOLDERS = {
    'nose': ('head',),
    'eye': ('head',),
    'ear': ('head',),
    'shoulder': ('torso', '{}_upper_arm'),
    'elbow': ('{}_upper_arm', '{}_forearm'),
    'wrist': ('{}_forearm',),
    'hip': ('pelvis', 'torso', '{}_thigh'),
    'knee': ('{}_thigh', '{}_shin'),
    'ankle': ('{}_shin',),
}

KEYPOINTS = ('nose',) + tuple(
    f'{side}_{joint}'
    for joint in list(HOLDERS)[1:]
    for side in ('left', 'right')
)

# Pairs of joints as COCO lists them, counted from 1.
SKELETON = tuple(
    zip(
        (16, 14, 17, 15, 12, 6, 7, 6, 6, 7, 8, 9, 2, 1, 1, 2, 3, 4, 5),
        (14, 12, 15, 13, 13, 12, 13, 7, 8, 9, 10, 11, 3, 2, 3, 4, 5, 6, 7),
    )
)
