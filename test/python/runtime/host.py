"""Runs Python programs one per fork: a clean process for each, without the seconds that importing the libraries takes.

Reads one JSON command per line: {"id", "folder", "main"} runs a program whose files are in the folder, with its output in the files `out` and
`err` there; {"id", "kill": true} ends it; {"id", "texts": {name: text}} says what the tokenizer and the compiler think of texts.
"""

import sys

import running

program = running.wait_for_program()
if program is not None:
    # Only in the fork: the program is the main module.
    running.prepare(program)
    running.end(*running.attempt(program))
