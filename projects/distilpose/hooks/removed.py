"""Hooks that are gone, but that configs of older versions name."""

from mmengine.hooks import Hook
from mmpose.registry import HOOKS


@HOOKS.register_module()
class PretrainedWeightsHook(Hook):
    """Does nothing. Every config that ``init`` of 0.2 wrote names it."""
