"""``python -m quantlearn``: what can be asked in a shell, see `quantlearn.shell.commands`."""

import gc
import sys

from quantlearn.shell.commands import main

if __name__ == "__main__":
    # A short process makes little garbage; to look through all of torch for it takes a second.
    gc.disable()
    status = main(sys.argv[1:])
    gc.freeze()  # for the last collection, as the process ends
    sys.exit(status)
