"""Asks containerd as Kubernetes does, by the Container Runtime Interface.

    cri.py SOCKET COMMAND ...

Commands print what they make: `sandbox NAME HANDLER`, `container SANDBOX NAME IMAGE WORD...`, `start
CONTAINER`, `exec CONTAINER WORD...`, `status CONTAINER` (state and exit code), `stop CONTAINER
SECONDS`, `remove CONTAINER`, `stop-sandbox SANDBOX`, `remove-sandbox SANDBOX`.

The messages are protocol buffers, written and read here by the numbers of their fields. The
numbers are those of runtime.v1 in Kubernetes' CRI.
"""

import sys

import grpc


def varint(value):
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def message(fields):
    """Fields as (number, value): numbers, texts, bytes, or lists of fields."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
            continue
        data = message(value) if isinstance(value, list) else value
        data = data.encode() if isinstance(data, str) else data
        out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def fields(data):
    """The fields of a message, by number, the last of each."""
    found, place = {}, 0

    def number():
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(data):
        key = number()
        if key & 7 == 0:
            found[key >> 3] = number()
        elif key & 7 == 2:
            size = number()
            found[key >> 3] = data[place:place + size]
            place += size
        else:
            raise ValueError("field of another kind")
    return found


class Runtime:
    def __init__(self, path):
        self.channel = grpc.insecure_channel("unix://" + path)

    def ask(self, method, request):
        call = self.channel.unary_unary(
            "/runtime.v1.RuntimeService/" + method, request_serializer=message,
            response_deserializer=fields)
        return call(request, timeout=100)


# Kubernetes gives each container processes of its own, unless a pod wants it otherwise.
OWN_PROCESSES = [(2, 1)]


def sandbox_config(name, logs="/tmp"):
    # metadata (name, uid, namespace, attempt), hostname, log_directory, linux
    metadata = [(1, name), (2, name + "-uid"), (3, "default"), (4, 0)]
    return [(1, metadata), (2, name), (3, logs), (8, [(2, [(1, OWN_PROCESSES)])])]


def words(number, texts):
    return [(number, text) for text in texts]


def run(socket, command, *given):
    runtime = Runtime(socket)
    if command == "sandbox":
        name, handler, logs = given
        made = runtime.ask("RunPodSandbox", [(1, sandbox_config(name, logs)), (2, handler)])
        print(made[1].decode())
    elif command == "container":
        sandbox, name, logs, image, *args = given
        config = [(1, [(1, name)]), (2, [(1, image)])] + words(4, args)
        config += [(11, name + ".log"), (15, [(2, [(3, OWN_PROCESSES)])])]
        made = runtime.ask(
            "CreateContainer",
            [(1, sandbox), (2, config), (3, sandbox_config(sandbox_name(runtime, sandbox), logs))])
        print(made[1].decode())
    elif command == "start":
        runtime.ask("StartContainer", [(1, given[0])])
    elif command == "exec":
        answer = runtime.ask("ExecSync", [(1, given[0])] + words(2, given[1:]) + [(3, 60)])
        sys.stdout.buffer.write(answer.get(1, b""))
        sys.stderr.buffer.write(answer.get(2, b""))
        sys.exit(answer.get(3, 0))
    elif command == "status":
        status = fields(runtime.ask("ContainerStatus", [(1, given[0])])[1])
        states = ["created", "running", "exited", "unknown"]
        print(states[status.get(3, 0)], status.get(7, 0))
    elif command == "address":
        status = fields(runtime.ask("PodSandboxStatus", [(1, given[0])])[1])
        print(fields(status[5])[1].decode())
    else:
        methods = {
            "stop": "StopContainer", "remove": "RemoveContainer",
            "stop-sandbox": "StopPodSandbox", "remove-sandbox": "RemovePodSandbox"}
        request = [(1, given[0])] + ([(2, int(given[1]))] if command == "stop" else [])
        runtime.ask(methods[command], request)


def sandbox_name(runtime, sandbox):
    status = fields(runtime.ask("PodSandboxStatus", [(1, sandbox)])[1])
    return fields(status[2])[1].decode()


try:
    run(*sys.argv[1:])
except grpc.RpcError as error:
    sys.exit(f"cri.py: {error.code().name}: {error.details()}")
