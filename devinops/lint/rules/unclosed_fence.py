"""A code block is never closed, so the rest of the text is code.

Devin reads the instructions below it as part of the code. Close the block with the same characters.
A block inside a block needs a longer fence outside: four backticks around three. A block in a list
item that is not closed is cut off where the item ends; one in a quote ends with it.

Fails:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    ```sh
    make build

    Then run the tests.

Passes:

    knowledge/build.md
    ---
    name: Build
    trigger: When building the shop
    ---
    ```sh
    make build
    ```

    Then run the tests.
"""

from __future__ import annotations

from devinops.lint.rule import Context, Findings, Rule, Subject


def check(subject: Subject, _: Context) -> Findings:
    for block in subject.markdown.blocks:
        if not block.is_closed:
            reach = "it is cut off" if block.end < len(subject.text) else "everything below is code"
            message = (
                f"this code block is never closed, so {reach}: close it, or make the fence of a "
                "block around it longer"
            )
            yield subject.in_text(message, block.start)


RULE = Rule("DV204", "unclosed-fence", entry=check)
