"""``python -m streams.cli`` is ``unheard``; the supervisor starts workers this way."""

from streams.cli import main

main()
