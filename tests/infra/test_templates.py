"""The templates: nothing AWS would refuse, and nothing it would take though it costs data."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from infra.lint import check, keeping
from infra.lint.stack import Stack, read

if TYPE_CHECKING:
    from pathlib import Path

    from infra.templates import Json

STACKS = read()
FUNCTIONS = {"", "wake", "on_change"}
GOOD = """
Parameters:
  Stage: {Type: String, Description: Which one}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Sub motcua-${Stage}-record
      KeySchema: [{AttributeName: PK, KeyType: HASH}]
      DeletionProtectionEnabled: true
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      SSESpecification: {SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn}
  Files:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      BucketName: !Sub motcua-${Stage}-files
      VersioningConfiguration: {Status: Enabled}
      BucketEncryption: {ServerSideEncryptionConfiguration: [{BucketKeyEnabled: true}]}
      PublicAccessBlockConfiguration:
        BlockPublicAcls: true
        BlockPublicPolicy: true
        IgnorePublicAcls: true
        RestrictPublicBuckets: true
  FilesPolicy:
    Type: AWS::S3::BucketPolicy
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      Bucket: !Ref Files
      PolicyDocument:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: s3:*
            Resource: [!GetAtt Files.Arn, !Sub "${Files.Arn}/*"]
            Condition: {Bool: {aws:SecureTransport: "false"}}
          - Effect: Allow
            Principal: {Service: cloudfront.amazonaws.com}
            Action: s3:GetObject
            Resource: !Sub "${Files.Arn}/*"
            Condition: {StringEquals: {AWS:SourceArn: arn}}
  Key:
    Type: AWS::KMS::Key
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      KeyPolicy:
        Statement:
          - Effect: Allow
            Principal: {AWS: root}
            Action: kms:*
            Resource: "*"
  Secret:
    Type: AWS::SecretsManager::Secret
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      Name: !Sub motcua-${Stage}-key
      GenerateSecretString: {PasswordLength: 64}
  Queue:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {QueueName: !Sub "motcua-${Stage}-dead", SqsManagedSseEnabled: true}
  Topic:
    Type: AWS::SNS::Topic
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {KmsMasterKeyId: !Ref Key}
  Log:
    Type: AWS::Logs::LogGroup
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {LogGroupName: !Sub "/aws/lambda/motcua-${Stage}-wake", RetentionInDays: 400}
  Role:
    Type: AWS::IAM::Role
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      Policies:
        - PolicyDocument:
            Statement:
              - Effect: Allow
                Action: [lambda:InvokeFunction, dynamodb:PutItem]
                Resource:
                  - !Sub arn:aws:lambda:${AWS::Region}:1:function:motcua-${Stage}-wake:live
                  - !Sub arn:aws:lambda:${AWS::Region}:1:function:motcua-${Stage}
              - Effect: Allow
                Action: states:SendTaskSuccess
                Resource: "*"  # a task token has no ARN
  Permission:
    Type: AWS::Lambda::Permission
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {Principal: s3.amazonaws.com, SourceAccount: "1"}
  Pool:
    Type: AWS::Cognito::UserPool
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      DeletionProtection: ACTIVE
      UsernameConfiguration: {CaseSensitive: true}
      MfaConfiguration: "ON"
      AdminCreateUserConfig: {AllowAdminCreateUserOnly: true}
      Policies: {PasswordPolicy: {MinimumLength: 14}}
  Client:
    Type: AWS::Cognito::UserPoolClient
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      ExplicitAuthFlows: [ALLOW_REFRESH_TOKEN_AUTH]
      AllowedOAuthFlows: [code]
      AllowedOAuthScopes: [openid]
      WriteAttributes: [name]
      PreventUserExistenceErrors: ENABLED
  Provider:
    Type: AWS::Cognito::UserPoolIdentityProvider
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {ProviderDetails: {client_secret: "{{resolve:secretsmanager:x}}"}}
"""
PINS = keeping.pins([Stack.of("data", GOOD)])


def rules_broken(text: str, known: Json | None = None) -> set[str]:
    """By a template that stands as data.yaml, with everything in it noted already."""
    stack = Stack.of("data", text)
    noted = keeping.pins([stack]) if known is None else known
    found = check.findings([stack], FUNCTIONS)
    found = [each for each in found if each.rule != "pinned"]
    return {each.rule for each in [*found, *keeping.pinned([stack], noted)]}


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_aws_takes_it(stack: Stack) -> None:
    """What is refused is refused in the middle of a deployment, with half of it done."""
    assert check.refused_by_aws(stack) == []


def test_nothing_costs_data_or_shows_it() -> None:
    """AWS takes all of these without a word; nobody notices until it is too late."""
    assert {"data", "workflow", "identity", "edge"} <= {stack.name for stack in STACKS}
    assert [str(each) for each in check.findings(STACKS, check.app_functions())] == []


def test_what_should_pass_passes() -> None:
    """A check that refuses everything would soon be switched off."""
    assert rules_broken(GOOD) == set()


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("retained", "    DeletionPolicy: Retain\n", ""),
        ("retained", "UpdateReplacePolicy: Retain", "UpdateReplacePolicy: Delete"),
        (
            "retained",
            "    UpdateReplacePolicy: Retain\n    Properties: {Queue",
            "    Properties: {Queue",
        ),
        ("tables", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"),
        ("tables", "      StreamSpecification: {StreamViewType: NEW_IMAGE}\n", ""),
        ("tables", "SSEEnabled: true", "SSEEnabled: false"),
        ("tables", "SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn", "SSEType: KMS"),
        ("tables", "      DeletionProtectionEnabled: true\n", ""),
        ("buckets", "        RestrictPublicBuckets: true\n", ""),
        ("buckets", "BlockPublicPolicy: true", "BlockPublicPolicy: false"),
        ("buckets", "Status: Enabled", "Status: Suspended"),
        ("buckets", "[{BucketKeyEnabled: true}]", "[]"),
        ("tls", "Bucket: !Ref Files", "Bucket: another"),
        ("tls", 'aws:SecureTransport: "false"', 'aws:SecureTransport: "true"'),
        ("tls", "Resource: [!GetAtt Files.Arn, ", "Resource: ["),
        ("tls", "Action: s3:*", "Action: s3:GetObject"),
        ("queues", ", SqsManagedSseEnabled: true", ""),
        ("queues", "{KmsMasterKeyId: !Ref Key}", "{TopicName: x}"),
        ("logs", ", RetentionInDays: 400", ""),
        ("secrets", "  Stage:", "  ClientSecret: {Type: String, Description: x}\n  Stage:"),
        ("secrets", "{{resolve:secretsmanager:x}}", "hunter2"),
        ("secrets", "GenerateSecretString: {PasswordLength: 64}", "SecretString: hunter2"),
        ("wildcards", "  # a task token has no ARN", ""),
        ("wildcards", "  # a task token has no ARN", "  #"),
        ("wildcards", "dynamodb:PutItem]", "dynamodb:*]"),
        ("wildcards", "Action: states:SendTaskSuccess", 'Action: "*"'),
        ("wildcards", "Action: states:SendTaskSuccess", "NotAction: iam:CreateUser"),
        ("wildcards", "Action: s3:GetObject", "Action: s3:*"),
        ("principals", "Principal: {AWS: root}", 'Principal: {AWS: "*"}'),
        ("principals", "Principal: {AWS: root}", 'Principal: "*"'),
        ("principals", "Principal: {AWS: root}", 'Principal: {AWS: [root, "*"]}'),
        ("deputies", "Condition: {StringEquals: {AWS:SourceArn: arn}}", "Sid: X"),
        ("deputies", "{StringEquals: {AWS:SourceArn: arn}}", "{StringEquals: {aws:Referer: x}}"),
        ("deputies", ', SourceAccount: "1"', ""),
        ("pools", "AllowAdminCreateUserOnly: true", "AllowAdminCreateUserOnly: false"),
        ("pools", "DeletionProtection: ACTIVE", "DeletionProtection: INACTIVE"),
        ("pools", 'MfaConfiguration: "ON"', 'MfaConfiguration: "OFF"'),
        ("pools", "MinimumLength: 14", "MinimumLength: 8"),
        ("clients", "[ALLOW_REFRESH_TOKEN_AUTH]", "[ALLOW_USER_SRP_AUTH]"),
        ("clients", "      ExplicitAuthFlows: [ALLOW_REFRESH_TOKEN_AUTH]\n", ""),
        ("clients", "[openid]", "[openid, aws.cognito.signin.user.admin]"),
        ("clients", "AllowedOAuthFlows: [code]", "AllowedOAuthFlows: [code, implicit]"),
        ("clients", "      WriteAttributes: [name]\n", ""),
        ("clients", "PreventUserExistenceErrors: ENABLED", "PreventUserExistenceErrors: LEGACY"),
        ("functions", "motcua-${Stage}-wake:live", "motcua-${Stage}-awake:live"),
        ("functions", ":function:motcua-${Stage}\n", ":function:motcua-dev\n"),
        ("functions", "/aws/lambda/motcua-${Stage}-wake", "/aws/lambda/motcua-${Stage}-awake"),
        ("parameters", ", Description: Which one", ""),
        ("parameters", "  Stage:", "  Name:"),
    ],
)
def test_the_rule_sees_it(rule: str, before: str, after: str) -> None:
    """Each of these was one careless line away."""
    assert before in GOOD
    assert rules_broken(GOOD.replace(before, after, 1)) == {rule}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("TableName: !Sub motcua-${Stage}-record", "TableName: !Sub motcua-${Stage}-records"),
        ("AttributeName: PK", "AttributeName: ID"),
        ("  Table:\n", "  Records:\n"),
        ("BucketName: !Sub motcua-${Stage}-files", "BucketName: files"),
        ("Name: !Sub motcua-${Stage}-key", "Name: !Sub motcua-${Stage}-secret"),
        ("{PasswordLength: 64}", "{PasswordLength: 32}"),
        ("CaseSensitive: true", "CaseSensitive: false"),
        ('QueueName: !Sub "motcua-${Stage}-dead", ', ""),
    ],
)
def test_what_holds_data_keeps_its_name(before: str, after: str) -> None:
    """CloudFormation would make an empty one and point everything to that."""
    assert before in GOOD
    changed = GOOD.replace(before, after, 1)
    assert rules_broken(changed, PINS) == {"pinned"}
    assert rules_broken(GOOD, PINS) == set()


def test_noting_new_names_never_changes_old_ones(tmp_path: Path) -> None:
    """Else one command would wipe out what the rule is for."""
    file = tmp_path / "kept.json"
    assert keeping.add_pins([Stack.of("data", GOOD)], file) == len(PINS["data"])
    renamed = GOOD.replace("motcua-${Stage}-record", "motcua-${Stage}-other")
    more = renamed.replace("  Topic:\n", "  Other:\n")
    assert keeping.add_pins([Stack.of("data", more)], file) == 1
    noted = keeping.read_pins(file)["data"]
    assert noted["Table"] == PINS["data"]["Table"]
    assert {"Topic", "Other"} <= noted.keys()


def test_cfn_lint_sees_a_broken_template() -> None:
    """A lint that takes everything would be worth nothing."""
    broken = GOOD.replace("StreamViewType: NEW_IMAGE", "StreamViewType: ALL")
    found = check.refused_by_aws(Stack.of("data", broken))
    assert any("'ALL'" in line for line in found)


def test_the_command_tells_and_fails() -> None:
    """Whoever edits a template asks it, not the tests."""
    command = [sys.executable, "-m", "infra.lint"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        f"{len(STACKS)} templates, 0 findings",
    )
