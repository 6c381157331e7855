"""Classifications of variants: the record the rules judge, built from what is known; what was decided, kept with its history.

`gathering` collects the evidence, `judging` runs a scheme's engine on it, `content` is what one version holds, `store` keeps the
versions, `rationale` writes the text. The rules themselves are in `services/genomics`.
"""
