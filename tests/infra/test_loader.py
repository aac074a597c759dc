"""Templates are read as CloudFormation reads them."""

import pytest

from infra.templates import TemplateError, fill, parse, resources

TEXT = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Stage: {Type: String}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Condition: Wanted
    Properties:
      BucketName: !Sub motcua-${Stage}-web-${AWS::AccountId}
      Owner: !GetAtt Key.Arn
      Other: !GetAtt [Nested, Outputs.Arn]
      Name: !Ref Stage
      Choice: !If [Wanted, !Sub "${Stage}!", !Ref AWS::NoValue]
      Both: !And [!Condition Wanted, !Equals [!Ref Stage, prod]]
      Code: !Sub
        - "${!Kept} ${Own}"
        - {Own: x}
  Table:
    Type: AWS::DynamoDB::Table
"""


def test_short_tags_become_the_long_form() -> None:
    """The local cloud reads the same template as AWS, so it must understand every tag in it."""
    template = parse(TEXT)
    properties = template["Resources"]["Bucket"]["Properties"]
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"
    assert properties == {
        "BucketName": {"Fn::Sub": "motcua-${Stage}-web-${AWS::AccountId}"},
        "Owner": {"Fn::GetAtt": ["Key", "Arn"]},
        "Other": {"Fn::GetAtt": ["Nested", "Outputs.Arn"]},
        "Name": {"Ref": "Stage"},
        "Choice": {"Fn::If": ["Wanted", {"Fn::Sub": "${Stage}!"}, {"Ref": "AWS::NoValue"}]},
        "Both": {"Fn::And": [{"Condition": "Wanted"}, {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}]},
        "Code": {"Fn::Sub": ["${!Kept} ${Own}", {"Own": "x"}]},
    }
    assert template["Resources"]["Bucket"]["Condition"] == "Wanted"


def test_names_are_put_in() -> None:
    """What the local cloud creates must have the names the functions look for."""
    properties = parse(TEXT)["Resources"]["Bucket"]["Properties"]
    names = {"Stage": "local", "AWS::AccountId": "123456789012"}
    filled = fill(properties, names)
    assert filled["BucketName"] == "motcua-local-web-123456789012"
    assert filled["Name"] == "local"
    assert filled["Choice"] == {"Fn::If": ["Wanted", "local!", {"Ref": "AWS::NoValue"}]}
    assert fill({"Fn::Sub": "${Stage}-${Unknown}"}, names) == {"Fn::Sub": "local-${Unknown}"}
    assert fill({"Fn::Sub": "${!Kept}"}, names) == "${Kept}"


def test_resources_are_found_by_type() -> None:
    """A rule about tables must see each of them."""
    assert [name for name, _ in resources(parse(TEXT), "AWS::DynamoDB::Table")] == ["Table"]
    assert [name for name, _ in resources(parse(TEXT))] == ["Bucket", "Table"]


@pytest.mark.parametrize(
    "text",
    [
        "Resources: {A: {Type: X}, A: {Type: Y}}",
        "Resources: [",
        "just a text",
        "Resources: !!python/object/apply:os.getcwd []",
        "Parameters: {}",
    ],
)
def test_what_is_no_template_is_refused(text: str) -> None:
    """A resource given twice would silently be dropped; a file is never a programme."""
    with pytest.raises(TemplateError, match=r"data\.yaml"):
        parse(text, "data.yaml")
