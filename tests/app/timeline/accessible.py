# SPDX-License-Identifier: GPL-3.0-or-later
"""What a screen reader finds in the conversation: accessible.py GALLERY. Runs on a display with a window manager."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
from desk import Atspi, Program, children, said, showing  # noqa: E402

ORDER = [
    "Mateo, 10:02, Good morning from the hut",
    "Mateo, 10:02, The lake from the hut, six this morning",
    "3 new messages",
    "Yuki, 10:38, I have gas",
    "Yuki, 10:39, Two cartridges, one is about half full",
    "Tunde, 10:42, @Ilse can you bring the spare battery for the weather station?",
]


def items(program):
    messages = program.find("list", "Messages")
    return [node for node in children(messages) if node.get_role_name() == "list item" and showing(node)]


def names(program):
    return [said(node) for node in items(program)]


def focused(program):
    for node in items(program):
        if node.get_state_set().contains(Atspi.StateType.FOCUSED):
            return said(node)
    return None


def press(key):
    subprocess.run(["xdotool", "key", key], check=True)


def check_order(program):
    program.wait(lambda: names(program)[-len(ORDER):] == ORDER, "the rows in their order")
    everything = names(program)
    assert "Lena joined · Bao left" in [name.replace("\u2068", "").replace("\u2069", "") for name in everything], everything
    assert "You, 09:34, Early bus. I’ll bring the stove, who has gas?, read" in everything, everything
    assert all(everything), "a row without a name"


def check_text(program):
    row = items(program)[-1]
    texts = [node for node in children(row) if "Text" in node.get_interfaces()]
    bodies = [Atspi.Text.get_text(node, 0, -1) for node in texts]
    wanted = "@Ilse can you bring the spare battery for the weather station?"
    assert wanted in bodies, bodies
    body = texts[bodies.index(wanted)]
    word = Atspi.Text.get_string_at_offset(body, 6, Atspi.TextGranularity.WORD)
    assert word.content.strip() == "can", word.content
    assert Atspi.Text.get_character_count(body) == len(wanted)


def check_focus(program):
    program.wait(lambda: (press("Tab"), focused(program))[1], "a row with the focus")
    press("End")
    program.wait(lambda: focused(program) == ORDER[-1], "the focus on the last row")
    for name in reversed(ORDER[:-1]):
        press("Up")
        program.wait(lambda name=name: focused(program) == name, f"the focus on “{name}”")
    press("Home")
    program.wait(lambda: focused(program) == "Yesterday", "the focus on the first row")


def main():
    program = Program([sys.argv[1]])
    try:
        check_order(program)
        check_text(program)
        check_focus(program)
    finally:
        program.process.terminate()
        program.process.wait()


main()
