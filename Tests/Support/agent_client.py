"""Drives the agent of a machine, with a socket in place of the virtio port.

The tests in Tests/Namespace/agent.bats import it. `Agent` speaks what Sources/AgentProtocol
describes.
"""

import os
import select
import socket
import struct
import subprocess
import time

MOUNT, DIRECTORY, FILE, ENTER, START, SIGNAL, WINDOW, FINISH, LINK, LOCATE, NETWORK = \
    range(1, 12)
DATA, CREDIT = 16, 17
READY, STARTED, FAILED, ENDED = range(32, 36)

# The steps that tests make fail.
DIRECTORY_STEP, EXECUTION = 9, 10

WINDOW_SIZE = 64 * 1024
MOST_PAYLOAD = 64 * 1024
BIND = 4096
# For a shell that waits for a signal.
IDLE = "while :; do sleep 0.01; done"


def text(value):
    """A text with its NUL."""
    return os.fsencode(value) + b"\0"


class Process:
    """What has come from one process."""

    def __init__(self):
        self.output = {1: bytearray(), 2: bytearray()}
        self.ends = []
        self.pid = None
        self.ended = None  # code and signal
        self.failed = None  # errno, kind, step and subject
        self.input_credit = WINDOW_SIZE
        self.pending = b""
        self.closes = False


class Agent:
    """An agent that runs, and what it has sent."""

    def __init__(self, program=None, grants=True):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self.socket = ours
        self.grants = grants  # whether credit is given back at once
        self.log = []
        self.processes = {}
        self.rest = bytearray()
        self.outgoing = bytearray()
        self.closed = False
        self.agent = subprocess.Popen([program or os.environ["agent"], "-"], stdin=theirs)
        theirs.close()
        self.until(lambda: self.log)
        assert self.log[0] == (READY, 0, 0, struct.pack("<I", 1)), self.log

    def send(self, kind, payload=b"", process=0, stream=0):
        header = struct.pack("<BBBBI", kind, process, stream, 0, len(payload))
        self.send_raw(header + payload)

    def send_raw(self, data):
        """Bytes wait until the agent takes them. It may wait for us to read."""
        self.outgoing += data
        self.flush()

    def flush(self):
        try:
            while self.outgoing:
                del self.outgoing[:self.socket.send(self.outgoing)]
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            self.outgoing.clear()

    def receive(self, seconds=60):
        """Waits for something to come, and takes it. Sends what waits to be sent."""
        wish = select.POLLIN | (select.POLLOUT if self.outgoing else 0)
        poll = select.poll()
        poll.register(self.socket, wish)
        poll.poll(seconds * 1000)
        self.flush()
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
            return
        self.rest += data
        while len(self.rest) >= 8:
            kind, process, stream, zero, count = struct.unpack("<BBBBI", self.rest[:8])
            assert zero == 0 and count <= MOST_PAYLOAD
            if len(self.rest) < 8 + count:
                break
            payload = bytes(self.rest[8:8 + count])
            del self.rest[:8 + count]
            self.log.append((kind, process, stream, payload))
            self.take(kind, process, stream, payload)

    def take(self, kind, process, stream, payload):
        it = self.processes.get(process)
        if kind == DATA:
            if not payload:
                it.ends.append(stream)
                return
            assert it.pid is not None, "bytes came before the process had started"
            assert stream not in it.ends and it.ended is None
            it.output[stream] += payload
            if self.grants:
                self.credit(len(payload), process, stream)
        elif kind == CREDIT:
            it.input_credit += struct.unpack("<I", payload)[0]
        elif kind == STARTED:
            it.pid = struct.unpack("<I", payload)[0]
        elif kind == ENDED:
            it.ended = (payload[0], payload[1])
        elif kind == FAILED:
            assert payload.endswith(b"\0")
            failure = struct.unpack("<iBB", payload[:6]) + (payload[6:-1].decode(),)
            if it is not None:
                it.failed = failure

    def failure(self):
        """The last failure."""
        payload = [each[3] for each in self.log if each[0] == FAILED][-1]
        return struct.unpack("<iBB", payload[:6]) + (payload[6:-1].decode(),)

    def until(self, condition, seconds=40):
        """Goes on until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "did not happen: " + repr(self.log[-5:])
            assert not self.closed, "the agent has closed the port: " + repr(self.log[-5:])
            self.feed()
            self.receive(0.05)

    def feed(self):
        """Sends what may be sent to the inputs."""
        for number, it in self.processes.items():
            while it.pending and it.input_credit > 0:
                piece = it.pending[:min(it.input_credit, MOST_PAYLOAD)]
                it.pending = it.pending[len(piece):]
                it.input_credit -= len(piece)
                self.send(DATA, piece, number)
            if it.closes and not it.pending:
                it.closes = False
                self.send(DATA, b"", number)

    def credit(self, count, process, stream):
        self.send(CREDIT, struct.pack("<I", count), process, stream)

    def start(self, *arguments, process=0, environment=("PATH=/usr/bin:/bin",), directory="/",
              user=0, group=0, groups=(), data=None, terminal=None):
        """Starts a process. `data` is its whole input; None means that it has none."""
        it = self.processes[process] = Process()
        flags = (1 if terminal else 0) | (2 if data is not None else 0)
        rows, columns = terminal or (0, 0)
        payload = struct.pack("<BIIHHBHH", flags, user, group, rows, columns, len(groups),
                              len(arguments), len(environment))
        payload += b"".join(struct.pack("<I", each) for each in groups)
        payload += text(directory) + b"".join(map(text, arguments + tuple(environment)))
        self.send(START, payload, process)
        if data is not None:
            it.pending = data
            it.closes = not terminal
        return it

    def run(self, *arguments, **more):
        """Starts a process, and waits for its end."""
        it = self.start(*arguments, **more)
        self.until(lambda: it.ended is not None or it.failed is not None)
        return it

    def shell(self, script, **more):
        return self.run("sh", "-c", script, **more)

    def finish(self):
        """Finishes. Returns the agent's code."""
        self.send(FINISH)
        return self.code()

    def code(self):
        while not self.closed:
            self.receive(60)
        return self.agent.wait(60)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.agent.pid}/fd"))


def message(kind, payload=b""):
    """One message of a description."""
    return struct.pack("<BBBBI", kind, 0, 0, 0, len(payload)) + payload


def program(*arguments, environment=("PATH=/usr/bin:/bin",), directory="/", user=0, group=0):
    """The last message of a description: the program has the agent's own streams."""
    payload = struct.pack("<BIIHHBHH", 4, user, group, 0, 0, 0, len(arguments), len(environment))
    return message(START, payload + text(directory) + b"".join(map(text, arguments + environment)))


def describe(path, *messages, version=1):
    """Writes a description to a file. Returns the words that have an agent do what it says."""
    content = b"".join(messages)
    with open(path, "wb") as file:
        file.write(b"HAMMOCK\0" + struct.pack("<II", version, len(content)) + content)
    return [os.environ["agent"], "--description", path]
