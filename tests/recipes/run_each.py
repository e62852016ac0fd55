"""Train every config named on the command line, one after the other, in however many processes started this file."""

import sys

import modaxfer

for path in sys.argv[1:]:
    modaxfer.train(path, quiet=True)
