"""Secrets of the deployment, in Secrets Manager."""

from chalicelib.adapters import clients


def fetch_secret(name: str) -> bytes:
    """Its present value. Raise botocore's ClientError."""
    answer = clients.secretsmanager().get_secret_value(SecretId=name)
    return bytes(answer["SecretString"].encode())
