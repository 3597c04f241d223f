"""What ``mim train distilpose CONFIG`` runs: MMPose's own script."""

import sys

from distilpose.__main__ import main

main(['train', *sys.argv[1:]])
