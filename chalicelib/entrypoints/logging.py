"""One structured logger: ids only, never personal data, never a token."""

from aws_lambda_powertools.logging import Logger

logger = Logger(service="motcua")
