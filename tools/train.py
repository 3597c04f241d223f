"""What ``mim train distilpose CONFIG`` runs: MMPose's own script."""

import sys

from distilpose_cli import main

main(['train', *sys.argv[1:]])
