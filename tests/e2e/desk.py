# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives a desktop program as a person with a screen reader would: by AT-SPI.

Everything waits for what it needs and fails with a picture of the tree; nothing sleeps and hopes."""
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

    def search(self, role=None, name=None, has=None, hidden=False):
        for node in walk(self.root):
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

    def find(self, role=None, name=None, has=None, patience=PATIENCE):
        what = " ".join(filter(None, [role, f'named "{name}"' if name else "", f'with "{has}"' if has else ""]))
        return self.wait(lambda: self.search(role, name, has), what, patience)

    def press(self, role, name=None, has=None):
        """Does the first action of a button, row or switch."""
        node = self.find(role, name, has)
        self.wait(lambda: node.get_state_set().contains(Atspi.StateType.SENSITIVE), f"{name or has} to be sensitive")
        assert Atspi.Action.do_action(node, 0), f"{name or has} did not react"
        return node

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
