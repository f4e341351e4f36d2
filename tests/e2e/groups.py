#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The group list by AT-SPI alone, with the demo's people: a row is opened by its first action, and by selecting it.

groups.py SERVER CLIENT SEED SIGN-IN STORY, inside tests/kit/with-display."""
import os
import re
import subprocess
import sys
import tempfile
import time

from desk import Atspi, Program, children, said


def start_server(program, data, log):
    server = subprocess.Popen([program, "--data", data, "--listen", "127.0.0.1:0"], stderr=log)
    while not (found := re.search(r"listening on (\S+)", open(log.name).read())):
        assert server.poll() is None, open(log.name).read()
        time.sleep(0.05)
    return server, found[1]


def row(desk, group):
    return desk.find("list item", has=f"{group}, ")


def act(desk, group):
    node = row(desk, group)
    names = [Atspi.Action.get_action_name(node, i) for i in range(Atspi.Action.get_n_actions(node))]
    assert names and names[0] == "item.open", f"{group} does first of {names} nothing that opens it"
    assert Atspi.Action.do_action(node, 0)


def select(desk, group):
    rows = list(children(desk.find("list", "Groups")))
    place = next(i for i, node in enumerate(rows) if said(node).startswith(f"{group}, "))
    assert Atspi.Selection.select_child(desk.find("list", "Groups"), place)


def main():
    server_program, client, seed, sign_in, story = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="klatch-groups-") as scratch:
        data = os.path.join(scratch, "server")
        os.mkdir(data, 0o700)
        subprocess.run([seed, story, data], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(scratch, "log"), "w", encoding="utf-8") as log:
            server, url = start_server(server_program, data, log)
            desk = None
            try:
                subprocess.run([sign_in, url, "saoirse", "kettle is on"], check=True)
                desk = Program([client], log=os.path.join(scratch, "client.log"))
                for open_group in (act, select):
                    for group in ("Book Club", "Kitchen Garden", "Band Practice"):
                        open_group(desk, group)
                        desk.find("text", f"Message {group}")
                assert desk.close() == 0
            finally:
                if desk is not None:
                    desk.close()
                server.terminate()
                server.wait()


if __name__ == "__main__":
    main()
