"""Check what entries teach Devin, offline.

Modules: `rules` has one module for each rule; `engine` runs them and applies exceptions; `subject`
is an entry as a rule sees it, and `markdown` its text; `repository_files` reads the files that
rules ask for; `settings` reads the section `lint` of devinops.yaml and finds its problems;
`baseline` remembers the findings that were there before.
"""
