"""Secrets of the deployment, in Secrets Manager."""

from chalicelib.adapters import clients


def fetch_secret(name: str, client: clients.Client = None) -> bytes:
    """Its present value. Raise botocore's ClientError."""
    answer = (client or clients.secretsmanager()).get_secret_value(SecretId=name)
    return bytes(answer["SecretString"].encode())
