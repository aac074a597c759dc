"""From an account to a running deployment: `python -m infra.deploy --help`."""
