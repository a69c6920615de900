"""``python -m quantlearn``: what can be asked in a shell, see `quantlearn.shell.commands`."""

import gc
import signal
import sys

from quantlearn.shell.commands import main

if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever reads, as head does, may stop early
    # A short process makes little garbage; to look through all of torch for it takes a second.
    gc.disable()
    status = main(sys.argv[1:])
    gc.freeze()  # for the last collection, as the process ends
    sys.exit(status)
