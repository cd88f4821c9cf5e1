"""Leaves this folder out unless the frameworks were installed for it."""

import os

ENVIRONMENT_VARIABLE = "PEERS_TEST_ENVIRONMENT"

collect_ignore_glob = [] if os.environ.get(ENVIRONMENT_VARIABLE) else ["test_*.py"]
