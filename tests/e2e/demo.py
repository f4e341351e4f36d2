# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop program with the demo's people, on a server of its own: SERVER CLIENT SEED SIGN-IN STORY in sys.argv."""
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time

from desk import Atspi, Program


def _start_server(program, data, log):
    server = subprocess.Popen([program, "--data", data, "--listen", "127.0.0.1:0"], stderr=log)
    while not (found := re.search(r"listening on (\S+)", open(log.name).read())):
        assert server.poll() is None, open(log.name).read()
        time.sleep(0.05)
    return server, found[1]


@contextlib.contextmanager
def demo():
    """The program, signed in as Saoirse; what it wrote is told at the end."""
    server_program, client, seed, sign_in, story = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="klatch-demo-") as scratch:
        data, client_log = os.path.join(scratch, "server"), os.path.join(scratch, "client.log")
        os.mkdir(data, 0o700)
        subprocess.run([seed, story, data], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(scratch, "log"), "w", encoding="utf-8") as log:
            server, url = _start_server(server_program, data, log)
            desk = None
            try:
                subprocess.run([sign_in, url, "saoirse", "kettle is on"], check=True)
                desk = Program([client], log=client_log)
                yield desk
            finally:
                if desk is not None:
                    desk.close()
                    sys.stderr.write(open(client_log, encoding="utf-8").read())
                server.terminate()
                server.wait()


def open_group(desk, group):
    """By the row's first action."""
    node = desk.find("list item", has=f"{group}, ")
    names = [Atspi.Action.get_action_name(node, i) for i in range(Atspi.Action.get_n_actions(node))]
    assert names and names[0] == "item.open", f"{group} does first of {names} nothing that opens it"
    assert Atspi.Action.do_action(node, 0)
