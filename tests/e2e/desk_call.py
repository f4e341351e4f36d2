#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call in the real program on the real server, by AT-SPI alone, on a machine that has neither microphone nor camera.

desk_call.py SERVER CLIENT SEED SIGN-IN STORY, inside tests/kit/with-display."""
from demo import demo, open_group

GROUP = "Book Club"
BAR = ("Unmute", "Turn camera on", "Share the screen", "React", "Chat", "Leave the call")
HEADER = ("Show who speaks large", "Full screen", "Make the call small")


def press(desk, name, within=None):
    desk.press("button", name, within=within)


def start(desk):
    press(desk, "Start a call")
    desk.find(has="No microphone was found. You can join and listen.", within="Start a call")
    desk.find(has="everybody in the call can see your network address", within="Start a call")
    press(desk, "Start the call", within="Start a call")
    desk.find(has="Nobody else is here yet")


def check_view(desk):
    for name in (*BAR, *HEADER):
        desk.find("button", name)
    desk.find("button", "Ring everybody")
    desk.find(has="There is no microphone. The others do not hear you.")
    tile = desk.find(has="(you), muted, camera off")
    assert tile.get_role_name() in ("panel", "grouping", "group"), tile.get_role_name()
    # What is covered is not there for a screen reader.
    desk.gone(role="text", name=f"Message {GROUP}")


def check_share(desk):
    # There is no desktop here that could be asked.
    press(desk, "Share the screen")
    desk.find(has="The desktop does not let Klatch share the screen.")
    desk.find("button", "Share the screen")


def check_small(desk):
    press(desk, "Make the call small")
    desk.find("text", f"Message {GROUP}")
    desk.find("button", "Show the call")
    press(desk, "Make the call large")
    desk.find("button", "Make the call small")


def check_end(desk):
    press(desk, "Leave the call")
    desk.find("text", f"Message {GROUP}")
    desk.find("button", "Start a call")
    # A second time nobody is warned; and a window may close with a call in it.
    press(desk, "Start a call")
    desk.find("button", "Start the call", within="Start a call")
    assert desk.search(has="can see your network address", within="Start a call") is None
    press(desk, "Start the call", within="Start a call")
    desk.find("button", "Leave the call")
    assert desk.close() == 0


def main():
    with demo() as desk:
        open_group(desk, GROUP)
        desk.find("text", f"Message {GROUP}")
        start(desk)
        check_view(desk)
        check_share(desk)
        check_small(desk)
        check_end(desk)


if __name__ == "__main__":
    main()
