"""`python -m lawbook`: the command line, for an environment that is not activated."""

from lawbook.cli.app import main

main()
