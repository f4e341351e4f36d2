#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The group list by AT-SPI alone, with the demo's people: a row is opened by its first action, and by selecting it.

groups.py SERVER CLIENT SEED SIGN-IN STORY, inside tests/kit/with-display."""
from demo import demo, open_group
from desk import Atspi, children, said


def select(desk, group):
    rows = list(children(desk.find("list", "Groups")))
    place = next(i for i, node in enumerate(rows) if said(node).startswith(f"{group}, "))
    assert Atspi.Selection.select_child(desk.find("list", "Groups"), place)


def main():
    with demo() as desk:
        for how in (open_group, select):
            for group in ("Book Club", "Kitchen Garden", "Band Practice"):
                how(desk, group)
                desk.find("text", f"Message {group}")
        assert desk.close() == 0


if __name__ == "__main__":
    main()
