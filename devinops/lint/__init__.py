"""Check what entries teach Devin, offline.

Modules: `rules` has one module for each rule; `rule` says what a rule is, `subject` what rules see
of the entries, and `markdown` of their texts; `engine` runs them and applies exceptions;
`repository_files` reads the files that rules ask for; `settings` reads the section `lint` of
devinops.yaml and finds its problems; `baseline` remembers the findings that were there before.
"""
