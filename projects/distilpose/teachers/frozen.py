"""The teacher as its student sees it.

B: batch. K: keypoints. H, W: input height and width, pixels.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from mmengine.logging import MMLogger
from mmpose.utils.typing import SampleList
from torch import Tensor

from ..keypoints.matching import Index, describe_match, match_keypoints
from ..models.token_distilling_encoder import Tokens
from .base import make_source
from .inputs import InputConversion, InputSpec
from .output import TeacherOutput

__all__ = ['FrozenTeacher']


class FrozenTeacher:
    """A teacher that is used, but neither trained nor saved.

    It takes the student's images, and answers for the student's keypoints in
    the student's frame: what differs is converted.

    It is no ``nn.Module`` on purpose: as a plain attribute of the student it
    is in no state dict, optimizer or DDP bucket, ``student.train()`` does not
    reach it, and a deep copy of the student (an EMA copy, say) shares it. It
    is built at the first use, so that testing needs none of its files.

    Args:
        student: What the student takes. Defaults to what the teacher takes.
        student_keypoints: Names of the student's keypoints, if known.
        keypoints: For each of the student's keypoints, the teacher's: its
            name, its index, or None if the teacher has none. Defaults to the
            one of equal name or, where names are not known, to the one of
            equal index.
        **settings: What its source takes; see ``make_source``.

    Raises:
        TypeError: There is no such setting.
        ValueError: A setting has a wrong value.
    """

    def __init__(
        self,
        student: InputSpec | None = None,
        student_keypoints: Sequence[str] | None = None,
        keypoints: Sequence[str | int | None] | None = None,
        **settings: Any,
    ) -> None:
        self.settings = settings
        self.source = make_source(settings)
        self.student = student
        self.student_keypoints = student_keypoints
        self.keypoints = keypoints
        self._conversions: dict[Any, InputConversion] = {}
        self._indices: dict[tuple[str, ...], Index | None] = {}

    def __deepcopy__(self, memo: dict) -> 'FrozenTeacher':
        return self

    def prepare(self) -> None:
        """Build it now, and log what is converted.

        Raises:
            ValueError: It cannot be built, or what differs not be converted.
            TypeError: It is of a kind that cannot be imitated.
            FileNotFoundError: One of its files does not exist.
        """
        self.source.prepare()
        logger = MMLogger.get_current_instance()
        if self.student is not None:
            for line in self._conversion(self.student.size).describe():
                logger.info('The teacher %s: %s', self.source.name, line)
        names = self.source.keypoint_names, self.student_keypoints
        if self.index is not None:
            text = describe_match(self.index, *names)
            logger.info('The teacher %s: %s', self.source.name, text)
        elif not all(names):
            sides = zip(('its own', "its student's"), names)
            unnamed = [side for side, known in sides if not known]
            logger.warning(
                'The teacher %s: the names of %s keypoints are not known. It '
                'teaches keypoint i of the student what it says of its own '
                'keypoint i. If that is wrong, add DatasetCheckHook to '
                "custom_hooks, which names the student's, or set "
                'model.teacher.keypoints to the keypoint for each of these.',
                self.source.name,
                ' and '.join(unnamed),
            )

    @property
    def index(self) -> Index | None:
        """The teacher's keypoint for each of the student's.

        None where they are the same in the same order, or not known.

        Raises:
            ValueError: They have too little in common.
        """
        # A hook may name the student's keypoints after the first use.
        names = tuple(self.student_keypoints or ())
        if names not in self._indices:
            self._indices[names] = match_keypoints(
                self.source.keypoint_names, names, self.keypoints
            )
        return self._indices[names]

    def __call__(
        self, inputs: Tensor, samples: SampleList | None = None
    ) -> TeacherOutput:
        """Ask the teacher about images of the student.

        Args:
            inputs: The student's normalized images (B, 3, H, W).
            samples: The batch's data samples, for a source that needs them.

        Returns:
            Constants of the inputs' dtype, for the student's keypoints.

        Raises:
            ValueError: What differs cannot be converted.
        """
        output = self.with_own_keypoints(inputs, samples)
        select = _Selection(self.index, inputs)
        tokens = output.tokens
        if tokens is not None:
            tokens = Tokens(
                visual=tokens.visual.to(inputs.dtype, copy=True),
                keypoint=select(tokens.keypoint, absent=torch.nan),
            )
        return TeacherOutput(output.maps.map(select), tokens, select.known)

    def with_own_keypoints(
        self, inputs: Tensor, samples: SampleList | None = None
    ) -> TeacherOutput:
        """Do what a call does, for the teacher's keypoints, not the student's.

        Its heatmaps are in the student's frame.
        """
        height, width = inputs.shape[-2:]
        conversion = self._conversion((width, height))
        stored = self.source.is_stored
        images = inputs if stored else conversion.images(inputs)
        output = self.source(images, samples)
        return output._replace(maps=output.maps.seen_through(conversion.view))

    def _conversion(self, size: tuple[int, int] | None) -> InputConversion:
        if size not in self._conversions:
            teacher = self.source.input
            student = (self.student or teacher)._replace(size=size)
            self._conversions[size] = InputConversion(student, teacher)
        return self._conversions[size]


@lru_cache(maxsize=32)
@torch.inference_mode(False)  # or losses could not keep it for gradients
def _constant(
    values: tuple[float, ...], device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Make a tensor of Python numbers, once: a GPU waits for each."""
    return torch.tensor(values, dtype=dtype, device=device)


class _Selection:
    """Selects the student's keypoints from the teacher's.

    It gives copies: losses keep its output for their gradients, which tensors
    of inference mode do not allow.
    """

    def __init__(self, index: Index | None, inputs: Tensor) -> None:
        self.dtype = inputs.dtype
        self.index = self.known = None
        if index is not None:
            device = inputs.device
            # What is absent takes the place of keypoint 0 for a moment.
            places = tuple(i or 0 for i in index)
            self.index = _constant(places, device, torch.long)
            known = tuple(i is not None for i in index)
            self.known = _constant(known, device, inputs.dtype)

    def __call__(self, values: Tensor, absent: float = 0.0) -> Tensor:
        if self.index is None or self.known is None:
            return values.to(self.dtype, copy=True)
        values = values[:, self.index].to(self.dtype)
        known = self.known.view(1, -1, *[1] * (values.ndim - 2)) > 0
        return torch.where(known, values, absent)
