"""What ``mim test distilpose CONFIG`` runs: MMPose's own script."""

import sys

from distilpose.__main__ import main

main(['test', *sys.argv[1:]])
