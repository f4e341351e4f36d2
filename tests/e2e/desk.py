# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives a desktop program as a person with a screen reader would: by AT-SPI.

Everything waits for what it needs and fails with a picture of the tree; nothing sleeps and hopes."""
import json
import os
import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

PATIENCE = 60.0


class NotThere(AssertionError):
    pass


def children(node):
    try:
        count = node.get_child_count()
    except GLib.Error:
        return
    for i in range(count):
        try:
            child = node.get_child_at_index(i)
        except GLib.Error:
            continue
        if child is not None:
            yield child


def walk(node):
    yield node
    for child in children(node):
        yield from walk(child)


def said(node):
    """What a screen reader says of the node: its name, else its text."""
    try:
        name = node.get_name()
        if name:
            return name
        if "Text" in node.get_interfaces():
            return Atspi.Text.get_text(node, 0, -1)
    except GLib.Error:
        pass
    return ""


def showing(node):
    try:
        return node.get_state_set().contains(Atspi.StateType.SHOWING)
    except GLib.Error:
        return False


def tree(node, depth=0):
    lines = []
    try:
        lines.append(f"{'  ' * depth}{node.get_role_name()} {said(node)!r}{'' if showing(node) else ' (hidden)'}")
    except GLib.Error:
        return ""
    for child in children(node):
        lines.append(tree(child, depth + 1))
    return "\n".join(lines)


class Program:
    """A started program and its accessible tree."""

    def __init__(self, argv, env=None, log=None):
        self.log = open(log, "ab") if log else subprocess.DEVNULL
        self.process = subprocess.Popen(argv, env={**os.environ, **(env or {})}, stdout=self.log, stderr=self.log)
        self.root = self.wait(self._application, "the program on the accessibility bus")

    def _application(self):
        for application in children(Atspi.get_desktop(0)):
            try:
                if application.get_process_id() == self.process.pid and any(True for _ in children(application)):
                    return application
            except GLib.Error:
                continue
        return None

    def wait(self, condition, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"the program ended with {self.process.returncode} while waiting for {what}")
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        if hasattr(self, "root"):
            sys.stderr.write(tree(self.root) + "\n")
        raise NotThere(f"waited {patience:.0f} s for {what}")

    def search(self, role=None, name=None, has=None, hidden=False, within=None):
        """The first node that shows, in the order of the screen; `within` the dialog of this name."""
        root = self.root if within is None else self.search("dialog", within)
        for node in walk(root) if root else ():
            try:
                if role and node.get_role_name() != role:
                    continue
            except GLib.Error:
                continue
            words = said(node)
            if name is not None and words != name:
                continue
            if has is not None and has not in words:
                continue
            if hidden or showing(node):
                return node
        return None

    def find(self, role=None, name=None, has=None, within=None, patience=PATIENCE):
        what = " ".join(filter(None, [role, f'named "{name}"' if name else "", f'with "{has}"' if has else ""]))
        return self.wait(lambda: self.search(role, name, has, within=within), what, patience)

    def press(self, role, name=None, has=None, within=None):
        """Does the first action of a button or switch; a row, which has none, is clicked."""
        node = self.find(role, name, has, within)
        self.wait(lambda: node.get_state_set().contains(Atspi.StateType.SENSITIVE), f"{name or has} to be sensitive")
        if role != "list item":
            assert Atspi.Action.do_action(node, 0), f"{name or has} did not react"
        else:
            self.click(node)
        return node

    def click(self, node):
        """With the pointer, where the node is on the screen."""
        window = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid)], capture_output=True, text=True, check=True)
        place = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
        subprocess.run(["xdotool", "mousemove", "--window", window.stdout.split()[-1], str(place.x + place.width // 2),
                        str(place.y + place.height // 2), "click", "1"], check=True)

    def key(self, *keys):
        subprocess.run(["xdotool", "key", "--clearmodifiers", *keys], check=True)

    def write(self, name, text, role="text"):
        node = self.find(role, name)
        assert Atspi.EditableText.set_text_contents(node, text), f"{name} cannot be written"
        return node

    def gone(self, **what):
        self.wait(lambda: self.search(**what) is None, f"{what} to be gone")

    def picture(self, path):
        subprocess.run(["import", "-window", "root", path], check=True)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


Atspi.init()


def serve():
    """Takes one deed a line, as JSON, from another program's test, and answers with one line: {"ok": …} or {"error": …}."""
    program = None
    for line in sys.stdin:
        deed = json.loads(line)
        what = deed.pop("do")
        answer = None
        try:
            if what == "start":
                program = Program(**deed)
            elif what == "press":
                program.press(**deed)
            elif what == "write":
                program.write(**deed)
            elif what == "find":
                answer = said(program.find(**deed))
            elif what == "count":
                answer = sum(1 for node in walk(program.root) if node.get_role_name() == deed["role"] and deed["has"] in said(node))
            elif what == "gone":
                program.gone(**deed)
            elif what == "key":
                program.key(*deed["keys"])
            elif what == "picture":
                program.picture(deed["path"])
            elif what == "tree":
                answer = tree(program.root)
            elif what == "kill":
                program.process.kill()
                program.process.wait()
            elif what == "close":
                answer = program.close()
            else:
                raise ValueError(f"unknown deed {what}")
            reply = {"ok": answer}
        except Exception as error:  # noqa: BLE001: whatever it is, the test has to hear of it
            reply = {"error": f"{what} {deed}: {error}"}
            if program is not None and what != "start":
                sys.stderr.write(tree(program.root) + "\n")
        print(json.dumps(reply), flush=True)
    if program is not None:
        program.close()


if __name__ == "__main__":
    serve()
