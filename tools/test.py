"""What ``mim test distilpose CONFIG`` runs: MMPose's own script."""

import sys

from distilpose_cli import main

main(['test', *sys.argv[1:]])
