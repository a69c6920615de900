"""``python -m quantlearn``: what can be asked in a shell, see `quantlearn.shell.commands`."""

import sys

from quantlearn.shell.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
