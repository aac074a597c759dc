"""Rules for the templates where a mistake would cost data or show it to strangers.

cfn-lint knows what AWS would refuse; these are about what AWS would take. `python -m infra.lint`
runs both. Each rule is a function of all stacks, in the module named by what it looks after.
"""
