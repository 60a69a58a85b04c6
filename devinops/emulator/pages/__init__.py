"""The emulator's web page: what people see and do in the vendor's web app, in plain HTML.

Every page works without JavaScript. What the store contains is untrusted: templates escape it.
"""
