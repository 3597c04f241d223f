"""DistilPose (CVPR 2023, arXiv 2303.02455) as a plugin of MMPose 1.x.

Importing the package registers its backbones, neck, heads, losses, estimator,
hooks, metric and transform in MMPose's registries; in a config, one line
does it::

    custom_imports = dict(imports=['distilpose'], allow_failed_imports=False)
"""

# The compatibility fixes must be in place before MMPose's models are imported.
from . import compat
from .version import __version__

compat.apply()

from .checks.datasets import explain as _explain_dataset  # noqa: E402
from .data import LoadImageOnce  # noqa: E402
from .distillation import *  # noqa: E402, F403
from .distillation import __all__ as _distillation  # noqa: E402
from .evaluation import KeypointJitter  # noqa: E402
from .hooks import *  # noqa: E402, F403
from .hooks import __all__ as _hooks  # noqa: E402
from .models import *  # noqa: E402, F403
from .models import __all__ as _models  # noqa: E402
from .weights.read import explain as _explain_checkpoint  # noqa: E402

compat.explain_unusable_datasets(_explain_dataset)
compat.explain_unusable_checkpoints(_explain_checkpoint)

__all__ = [
    '__version__',
    'KeypointJitter',
    'LoadImageOnce',
    *_models,
    *_distillation,
    *_hooks,
]
