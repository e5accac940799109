# The agent of a machine, with a socket in place of the virtio port, and a host in Python.

setup_file() {
    load ../Support/helpers
    load ../Support/namespace
    "$root/scripts/build-init.sh"
    "$root/scripts/build-init.sh" --product hammock-agent
}

setup() {
    load ../Support/helpers
    load ../Support/namespace
    prepare_namespaces
    work=$BATS_TEST_TMPDIR/work
    mkdir "$work"
}

teardown() { end_namespaces; }

# drive <<SCRIPT: runs a script in Python, with the names of Tests/Support/agent_client.py, in
# namespaces of its own. It fails by an assertion. `work` is an empty directory.
drive() {
    local script
    script="from agent_client import *
work = '$work'
$(cat)"
    code_of env "agent=$out/hammock-agent" "PYTHONPATH=$root/Tests/Support" \
        PYTHONDONTWRITEBYTECODE=1 python3 -c "$script"
    expect_status 0
}

need_root() { [ "$(id -u)" -eq 0 ] || skip "only root can become another user"; }

# --- streams --------------------------------------------------------------------------------

@test "three megabytes go through a process unchanged, both ways at once" {
    drive <<'END'
import hashlib
agent = Agent()
data = os.urandom(3 << 20)
one = agent.start("cat", data=data)
other = agent.start("sh", "-c", "cat >&2", process=15, data=data)
agent.until(lambda: one.ended and other.ended)
wanted = hashlib.sha256(data).digest()
assert hashlib.sha256(one.output[1]).digest() == wanted
assert hashlib.sha256(other.output[2]).digest() == wanted
assert not one.output[2] and not other.output[1]
assert one.input_credit == other.input_credit == WINDOW_SIZE
END
}

@test "output and errors stay apart, and each ends once, before the process has ended" {
    drive <<'END'
agent = Agent()
it = agent.shell("echo out; echo error >&2; echo more")
assert it.output == {1: b"out\nmore\n", 2: b"error\n"}, it.output
assert sorted(it.ends) == [1, 2]
it = agent.start("sh", "-c", "exec >&-; read line; echo $line >&2", data=b"")
agent.until(lambda: it.ends == [1])
assert it.ended is None or not it.output[2]
agent.until(lambda: it.ended)
assert sorted(it.ends) == [1, 2]
END
}

@test "an end of its input gets to the program, and without an input it has /dev/null" {
    drive <<'END'
agent = Agent()
assert agent.run("wc", "-c", data=b"x" * 100000).output[1] == b"100000\n"
assert agent.run("wc", "-c", data=b"").output[1] == b"0\n"
assert agent.shell("readlink /proc/self/fd/0; wc -c").output[1] == b"/dev/null\n0\n"
END
}

@test "a program that does not read its input stops no other" {
    drive <<'END'
agent = Agent()
lazy = agent.start("sleep", "1000", process=3, data=b"x" * (1 << 20))
agent.until(lambda: lazy.input_credit == 0)
data = os.urandom(1 << 20)
assert agent.run("cat", data=data, process=1).output[1] == data
assert lazy.input_credit == 0 and lazy.ended is None
agent.send(SIGNAL, b"\x09", 3)
agent.until(lambda: lazy.ended)
assert lazy.ended == (137, 9)
END
}

@test "a host that gives no credit stops that stream, and nothing else" {
    drive <<'END'
agent = Agent(grants=False)
stalled = agent.start("sh", "-c", "(head -c 1000000 /dev/zero; echo end >&2) & "
                      "head -c 60000 /dev/zero >&2; wait", process=2)
agent.until(lambda: len(stalled.output[1]) == WINDOW_SIZE and len(stalled.output[2]) == 60000)
assert agent.shell("echo fine", process=1).output[1] == b"fine\n"
assert len(stalled.output[1]) == WINDOW_SIZE
agent.credit(1, 2, 1)
agent.until(lambda: len(stalled.output[1]) == WINDOW_SIZE + 1)
assert agent.shell("echo fine", process=1).output[1] == b"fine\n"
assert len(stalled.output[1]) == WINDOW_SIZE + 1
agent.credit(10000000, 2, 1)
agent.until(lambda: stalled.ended)
assert len(stalled.output[1]) == 1000000
assert stalled.output[2].endswith(b"\0end\n") and len(stalled.output[2]) == 60004
END
}

@test "what a process has left in its pipes arrives after its end, as the host takes it" {
    drive <<'END'
agent = Agent(grants=False)
it = agent.start("sh", "-c", "head -c 100000 /dev/zero; head -c 100000 /dev/zero >&2; exit 5")
gone = lambda: not os.path.exists(f"/proc/{it.pid}")
agent.until(lambda: it.pid and len(it.output[1]) == len(it.output[2]) == WINDOW_SIZE and gone())
assert it.ended is None and not it.ends
agent.credit(20000, 0, 1)
agent.until(lambda: len(it.output[1]) == WINDOW_SIZE + 20000)
agent.credit(20000, 0, 1)
agent.until(lambda: it.ends == [1])
assert len(it.output[1]) == 100000 and it.ended is None
agent.credit(1 << 30, 0, 2)
agent.until(lambda: it.ended)
assert it.ended == (5, 0) and len(it.output[2]) == 100000 and it.ends == [1, 2]
assert agent.finish() == 5
END
}

@test "a process that holds the pipe does not delay the end of another" {
    drive <<'END'
agent = Agent()
it = agent.shell("sleep 1000 & echo here")
assert it.ended == (0, 0) and it.output[1] == b"here\n" and sorted(it.ends) == [1, 2]
# It would go on writing for ever.
it = agent.shell("yes & sleep 0.1; exit 4")
assert it.ended == (4, 0) and sorted(it.ends) == [1, 2]
it = agent.shell("sleep 1000 & tty", terminal=(24, 80))
assert it.ended == (0, 0) and b"/dev/pts/" in it.output[1]
END
}

@test "input for a program that has closed it is dropped, and the host is told" {
    drive <<'END'
agent = Agent()
it = agent.start("sh", "-c", "exec <&-; echo closed; sleep 1000", data=b"")
it.closes = False
agent.until(lambda: it.ends == [0])
it.pending = b"x" * (1 << 20)
agent.until(lambda: not it.pending and it.input_credit == WINDOW_SIZE)
agent.send(SIGNAL, b"\x0f")
agent.until(lambda: it.ended)
assert it.ended == (143, 15)
# The other way round: bytes wait when it closes.
it = agent.start("sh", "-c", "sleep 0.1; exec <&-; sleep 1000", data=b"x" * (1 << 20))
agent.until(lambda: not it.pending and it.input_credit == WINDOW_SIZE)
assert it.ends == [0]
END
}

@test "an output that the host reads no more is closed, and its writer gets SIGPIPE" {
    drive <<'END'
agent = Agent()
it = agent.start("sh", "-c", "yes; echo $? >&2")
agent.until(lambda: len(it.output[1]) > 100000)
agent.send(DATA, b"", 0, 1)
agent.until(lambda: it.ended)
assert it.output[2] == b"141\n", it.output[2]
assert it.ended == (0, 0) and it.ends == [2]
END
}

# --- processes ------------------------------------------------------------------------------

@test "the code of a process is the program's own, or 128 and its signal" {
    drive <<'END'
agent = Agent()
for code in 0, 1, 2, 77, 125, 126, 127, 128, 137, 254, 255:
    assert agent.shell(f"exit {code}").ended == (code, 0)
for signal in 1, 9, 11, 15, 34, 64:
    assert agent.shell(f"kill -{signal} $$").ended == (128 + signal, signal)
assert agent.finish() == 192
END
}

@test "the agent ends with the code of process 0, and with 125 if that has none" {
    drive <<'END'
for script, code in ("exit 0", 0), ("exit 9", 9), ("kill -9 $$", 137):
    agent = Agent()
    agent.shell(script)
    agent.shell("exit 33", process=1)
    assert agent.finish() == code
agent = Agent()
agent.shell("exit 33", process=1)
assert agent.finish() == 125
agent = Agent()
agent.start("sleep", "1000")
assert agent.finish() == 125
agent = Agent()
assert agent.run("no-such").failed == (2, START, EXECUTION, "no-such")
assert agent.finish() == 127
agent = Agent()
assert agent.run("/etc").failed == (13, START, EXECUTION, "/etc")
assert agent.finish() == 126
# The next one counts.
agent = Agent()
agent.run("no-such")
agent.shell("exit 3")
assert agent.finish() == 3
END
}

@test "a program is looked up in the PATH that it gets, as exec(3) does, and no shell runs it" {
    drive <<'END'
agent = Agent()
for name in "a", "b", "c":
    os.mkdir(f"{work}/{name}")
def write(path, content, mode):
    with open(f"{work}/{path}", "w") as file:
        file.write(content)
    os.chmod(f"{work}/{path}", mode)
write("a/program", "#!/bin/sh\necho a\n", 0o644)
write("b/program", "#!/bin/sh\necho b $0\n", 0o755)
write("a/forbidden", "#!/bin/sh\n", 0o644)
write("c/script", "echo shell\n", 0o755)
path = (f"PATH={work}/a:/nowhere:/etc/passwd:{work}/b:{work}/c",)
assert agent.run("program", environment=path).output[1] == f"b {work}/b/program\n".encode()
assert agent.run("forbidden", environment=path).failed == (13, START, EXECUTION, "forbidden")
assert agent.run("script", environment=path).failed == (8, START, EXECUTION, "script")
assert agent.run("nowhere", environment=path).failed == (2, START, EXECUTION, "nowhere")
assert agent.run("", environment=path).failed == (2, START, EXECUTION, "")
# An empty entry is the working directory, and a name with a slash is a path from there.
assert agent.run("program", environment=("PATH=",), directory=f"{work}/b").failed[0] == 2
it = agent.run("program", environment=("PATH=:/x",), directory=f"{work}/b")
assert it.output[1] == b"b program\n"
assert agent.run("b/program", environment=path, directory=work).output[1] == b"b b/program\n"
# Without a PATH there is the usual one.
assert agent.run("sh", "-c", "echo usual", environment=()).output[1] == b"usual\n"
END
}

@test "a process has its arguments and its environment to the byte" {
    drive <<'END'
agent = Agent()
environment = (b"PATH=/usr/bin:/bin", b"EMPTY=", b"ODD=a b\n\xff\x80=c", b"no-equals-sign", b"A=1",
               b"A=2")
arguments = (b"", b"a b", b"$HOME\n", b"\xc3\xa4\xff", b"-")
it = agent.run("cat", "/proc/self/environ", environment=environment)
assert it.output[1] == b"".join(each + b"\0" for each in environment), it.output[1]
it = agent.run(b"/bin/cat", b"/proc/self/cmdline", environment=())
assert it.output[1] == b"/bin/cat\0/proc/self/cmdline\0"
it = agent.run("sh", "-c", 'printf "%s|" "$@"', "sh", *arguments)
assert it.output[1] == b"".join(each + b"|" for each in arguments)
# As much as a message takes.
it = agent.run("sh", "-c", "echo ${#LONG}", environment=("PATH=/bin", "LONG=" + "x" * 60000))
assert it.output[1] == b"60000\n"
it = agent.run("sh", "-c", "echo $#", "sh", *["x"] * 30000)
assert it.output[1] == b"30000\n"
END
}

@test "a process has the user, the groups and the directory that the host names" {
    need_root
    drive <<'END'
import resource
os.chmod(work, 0o755)
agent = Agent()
it = agent.run("sh", "-c", "id -u; id -g; id -G; pwd; stat -c '%u %g %a' .", user=1234, group=5678,
               groups=(5678, 7, 4294967294), directory=f"{work}/made/by/agent")
wanted = f"1234\n5678\n5678 7 4294967294\n{work}/made/by/agent\n0 0 755\n"
assert it.output[1] == wanted.encode(), it.output
it = agent.run("sh", "-c", "id -G; umask; ulimit -Sn; ulimit -Hn", groups=())
lines = it.output[1].split()
assert lines[:3] == [b"0", b"0022", b"1024"], it.output
# A container may allow its root no more than it has.
assert int(lines[3]) in (524288, resource.getrlimit(resource.RLIMIT_NOFILE)[1]), it.output
assert agent.run("id", "-G", groups=range(1, 256)).output[1].split()[1:] == [
    str(each).encode() for each in range(1, 256)]
# Its user may open its streams anew, which images do whose logs are links to them.
it = agent.run("sh", "-c", "echo out >/dev/stdout; echo err >/dev/stderr; cat </dev/stdin",
               user=1234, group=1234, data=b"in\n")
assert it.output == {1: b"out\nin\n", 2: b"err\n"}, it.output
it = agent.run("sh", "-c", "echo out >/dev/tty; stat -c %u $(tty)", user=1234, terminal=(1, 1))
assert it.output[1] == b"out\r\n1234\r\n", it.output
assert os.stat("/dev/null").st_uid == 0
END
}

@test "a step that fails is named, with its error and the program" {
    drive <<'END'
open(f"{work}/file", "w").close()
agent = Agent()
it = agent.run("true", directory=f"{work}/file")
assert it.failed == (20, START, DIRECTORY_STEP, "true"), it.failed
it = agent.run("true", directory=f"{work}/file/below")
assert it.failed == (20, START, DIRECTORY_STEP, "true"), it.failed
assert agent.finish() == 125
END
}

@test "a process begins with no signal blocked or ignored, in a session of its own" {
    drive <<'END'
agent = Agent()
it = agent.shell("grep -e SigBlk -e SigIgn -e SigPnd /proc/self/status; ls /proc/self/fd; "
                 "cut -d' ' -f6 /proc/$$/stat; echo $$")
lines = it.output[1].decode().split("\n")
assert [each.split()[1] for each in lines[:3]] == ["0" * 16] * 3, lines
# The fourth is the directory that ls reads.
assert lines[3:7] == ["0", "1", "2", "3"], lines
assert lines[7] == lines[8] == str(it.pid), lines
END
}

@test "a signal gets to its process, and one for a process that is not there to nobody" {
    drive <<'END'
agent = Agent()
agent.send(SIGNAL, b"\x09", 0)
agent.send(SIGNAL, b"\x09", 15)
it = agent.start("sh", "-c", "trap 'echo got; exit 6' USR1; echo ready; " + IDLE)
agent.until(lambda: it.output[1])
for number in 0, 65, 255:
    agent.send(SIGNAL, bytes([number]))
agent.send(SIGNAL, b"\x0a")
agent.until(lambda: it.ended)
assert it.output[1] == b"ready\ngot\n" and it.ended == (6, 0)
agent.send(SIGNAL, b"\x09")
# A process that is not a program yet can be killed, too.
it = agent.start("sleep", "1000")
agent.send(SIGNAL, b"\x09")
agent.until(lambda: it.ended)
assert it.ended == (137, 9)
END
}

@test "TERM for the agent is for process 0, and no other signal ends the agent" {
    drive <<'END'
agent = Agent()
for signal in 1, 2, 3, 10, 12, 13, 14, 15, 17, 28, 30, 64:
    agent.agent.send_signal(signal)
# A message may overtake a signal; the answer to a second one does not.
for answers in 1, 2:
    agent.send(ENTER, text("/nowhere"))
    agent.until(lambda: len([each for each in agent.log if each[0] == FAILED]) == answers)
it = agent.start("sh", "-c", "trap 'exit 8' TERM; echo ready; " + IDLE)
agent.until(lambda: it.output[1])
agent.agent.send_signal(15)
agent.until(lambda: it.ended)
assert it.ended == (8, 0)
assert agent.finish() == 8
END
}

@test "processes that write for ever hide neither the end of another nor a signal" {
    drive <<'END'
agent = Agent()
for number in 1, 2, 3:
    agent.start("yes", process=number)
for each in range(50):
    assert agent.shell(f"exit {each}").ended == (each, 0)
it = agent.start("sh", "-c", "trap 'exit 8' TERM; echo ready; " + IDLE)
agent.until(lambda: it.output[1])
agent.agent.send_signal(15)
agent.until(lambda: it.ended)
assert it.ended == (8, 0)
END
}

@test "a process cannot take the place of one that is there" {
    drive <<'END'
agent = Agent()
it = agent.start("cat", data=b"")
it.closes = False
agent.until(lambda: it.pid)
agent.send(START, struct.pack("<BIIHHBHH", 0, 0, 0, 0, 0, 0, 1, 0) + text("/") + text("other"))
agent.until(lambda: it.failed)
assert it.failed == (16, START, 0, "other"), it.failed
it.pending = b"still there"
it.closes = True
agent.until(lambda: it.ended)
assert it.output[1] == b"still there" and it.ended == (0, 0)
END
}

@test "a thousand processes one after the other leave nothing open" {
    drive <<'END'
agent = Agent()
agent.shell("true")
before = agent.descriptors()
for number in range(1000):
    kind = number % 5
    process = number % 16
    if kind == 0:
        assert agent.run("true", process=process).ended == (0, 0)
    elif kind == 1:
        assert agent.run("cat", process=process, data=b"x").output[1] == b"x"
    elif kind == 2:
        assert agent.run("no-such", process=process).failed[0] == 2
    elif kind == 3:
        assert agent.run("true", process=process, data=b"x" * 1000).ended == (0, 0)
    else:
        assert agent.run("true", process=process, terminal=(5, 5), data=b"x").ended == (0, 0)
assert agent.descriptors() == before
with open(f"/proc/{agent.agent.pid}/task/{agent.agent.pid}/children") as children:
    assert not children.read()
END
}

@test "sixteen processes run at a time" {
    drive <<'END'
agent = Agent()
data = os.urandom(200000)
all = [agent.start("cat", process=number, data=data) for number in range(16)]
agent.until(lambda: None not in [each.ended for each in all])
assert not [each for each in all if each.output[1] != data or each.ended != (0, 0)]
END
}

# --- terminals ------------------------------------------------------------------------------

@test "all streams of a terminal are the terminal, and what comes out is stream 1" {
    drive <<'END'
agent = Agent()
it = agent.shell("test -t 0 && test -t 1 && test -t 2 && echo out && echo err >&2; exit 3",
                 terminal=(24, 80))
assert it.output == {1: b"out\r\nerr\r\n", 2: b""}, it.output
assert it.ended == (3, 0) and it.ends == [1]
it = agent.start("sh", "-c", "read line; echo got $line; cut -d' ' -f7 /proc/self/stat",
                 data=b"word\n", terminal=(24, 80))
agent.until(lambda: it.ended)
assert it.output[1].startswith(b"word\r\ngot word\r\n"), it.output
# It is the session's own.
assert it.output[1].split()[-1] != b"0"
END
}

@test "a terminal has the size that the host names, from the beginning and later" {
    drive <<'END'
agent = Agent()
it = agent.start("sh", "-c", "trap 'stty size; exit' WINCH; stty size; " + IDLE,
                 terminal=(33, 111))
agent.until(lambda: b"\n" in it.output[1])
assert it.output[1] == b"33 111\r\n", it.output
agent.send(WINDOW, struct.pack("<HH", 44, 222))
agent.until(lambda: it.ended)
assert it.output[1] == b"33 111\r\n44 222\r\n", it.output
agent.send(WINDOW, struct.pack("<HH", 1, 1))
assert agent.shell("echo fine").output[1] == b"fine\n"
END
}

@test "a terminal's keys get to the program, and an end of the input ends nothing" {
    drive <<'END'
agent = Agent()
it = agent.start("sh", "-c", "trap 'echo int; exit 9' INT; echo ready; " + IDLE,
                 terminal=(24, 80), data=b"")
agent.until(lambda: b"ready" in it.output[1])
agent.send(DATA, b"")
it.pending = b"\x03"
agent.until(lambda: it.ended)
assert b"int\r\n" in it.output[1] and it.ended == (9, 0)
END
}

@test "a megabyte goes through a terminal unchanged, both ways" {
    drive <<'END'
import base64
agent = Agent()
data = base64.encodebytes(os.urandom(700000))
it = agent.start("sh", "-c", f"stty raw -echo; echo ready; head -c {len(data)}", terminal=(24, 80),
                 data=b"")
agent.until(lambda: it.output[1].endswith(b"ready\n"))
del it.output[1][:]
it.pending = data
agent.until(lambda: it.ended)
assert it.output[1] == data
END
}

@test "a terminal that the host reads no more is hung up" {
    drive <<'END'
agent = Agent()
it = agent.start("sleep", "1000", terminal=(24, 80), data=b"")
agent.until(lambda: it.pid)
agent.send(DATA, b"", 0, 1)
agent.until(lambda: it.ended)
assert it.ended == (129, 1)
END
}

# --- the root directory ---------------------------------------------------------------------

@test "the host makes the root directory: mounts, directories, files and links, and enters it" {
    drive <<'END'
agent = Agent()
def entry(kind, mode, user, group, path, content=b""):
    agent.send(kind, struct.pack("<III", mode, user, group) + text(path) + content)
def mount(source, target, type="", flags=0, data=""):
    agent.send(MOUNT, struct.pack("<I", flags) + b"".join(map(text, (source, target, type, data))))
new = f"{work}/new"
mount("none", f"{new}/root", "tmpfs", data="mode=700,size=8m")
root = f"{new}/root"
for directory in "/usr", "/bin", "/lib", "/lib64", "/etc":
    if os.path.exists(directory):
        mount(directory, root + directory, flags=BIND | 16384)
mount("/proc", f"{root}/proc", flags=BIND | 16384)
mount("/dev/null", f"{root}/dev/null", flags=BIND)
entry(DIRECTORY, 0o1777, 0, 0, f"{root}/tmp")
entry(DIRECTORY, 0o700, 0, 0, f"{root}/a/b/c")
entry(DIRECTORY, 0o751, 0, 0, f"{root}/a/b/c")
entry(DIRECTORY, 0o711 | 0x80000000, 0, 0, f"{root}/a/b")
agent.send(LINK, text("/a/b") + text(f"{root}/absolute"))
agent.send(ENTER, text(root))
content = bytes(range(256)) * 200
entry(FILE, 0o4640, 0, 0, "/absolute/new/file", content)
agent.send(LINK, text("/etc/passwd") + text("/a/link"))
entry(FILE, 0o600, 0, 0, "/a/link", b"not a link")
entry(FILE, 0o644, 0, 0, "/a/empty")
agent.send(LINK, text("elsewhere") + text("/a/empty"))
it = agent.run("sh", "-c", "stat -c '%n %a' / /tmp /a /a/b /a/b/c /a/b/new /a/b/new/file /a/link; "
               "cksum </a/b/new/file; cat /a/link; echo; readlink /a/empty; ls -a /a /; pwd; "
               "ls -ld /.. >/dev/null && pwd -P; stat -c %F /dev/null", directory="/work")
out = it.output[1].decode().split("\n")
assert out[:8] == ["/ 700", "/tmp 1777", "/a 755", "/a/b 711", "/a/b/c 700", "/a/b/new 755",
                   "/a/b/new/file 4640", "/a/link 600"], out
assert out[9:11] == ["not a link", "elsewhere"], out
assert ".hammock-new" not in out
assert out[-4:-1] == ["/work", "/work", "character special file"], out
it = agent.run("cat", "/absolute/new/file")
assert it.output[1] == content
assert not [each for each in agent.log if each[0] == FAILED]
END
}

@test "what the host asks for and cannot be done is answered, and the agent goes on" {
    drive <<'END'
agent = Agent()
def fails(kind, payload, error, subject):
    agent.send(kind, payload)
    before = len([each for each in agent.log if each[0] == FAILED])
    agent.until(lambda: len([each for each in agent.log if each[0] == FAILED]) > before)
    assert agent.failure() == (error, kind, 0, subject), agent.failure()
open(f"{work}/file", "w").close()
os.mkdir(f"{work}/directory")
mount = lambda *texts: struct.pack("<I", 0) + b"".join(map(text, texts))
fails(MOUNT, mount("none", f"{work}/m", "no-such-fs", ""), 19, f"{work}/m")
fails(MOUNT, mount("none", f"{work}/file/m", "tmpfs", ""), 20, f"{work}/file/m")
entry = lambda path: struct.pack("<III", 0o755, 0, 0) + text(path)
fails(DIRECTORY, entry(f"{work}/file"), 20, f"{work}/file")
fails(DIRECTORY, entry("/" + "x" * 5000), 36, "/" + "x" * 4095)
fails(FILE, entry(f"{work}/directory"), 21, f"{work}/directory")
fails(FILE, entry(f"{work}/file/below"), 20, f"{work}/file/below")
fails(LINK, text("x") + text(f"{work}/directory"), 21, f"{work}/directory")
fails(ENTER, text(f"{work}/nowhere"), 2, f"{work}/nowhere")
assert sorted(os.listdir(work)) == ["directory", "file", "m"]
assert agent.shell("exit 3").ended == (3, 0)
END
}

# --- the port -------------------------------------------------------------------------------

@test "a message that makes no sense ends the agent with 125, and it says why" {
    drive <<'END'
EPROTO = 71
def header(kind, process=0, stream=0, zero=0, count=0):
    return struct.pack("<BBBBI", kind, process, stream, zero, count)
def start(flags, arguments):
    return struct.pack("<BIIHHBHH", flags, 0, 0, 0, 0, 0, arguments, 0)
bad = [header(0), header(99), header(12), header(LOCATE), header(START, 16), header(DATA, 0, 3),
       header(FINISH, 0, 0, 1), header(DATA, count=65537), header(READY),
       header(STARTED), header(FAILED), header(ENDED),
       header(MOUNT), header(DIRECTORY), header(FILE), header(ENTER), header(LINK), header(START),
       header(NETWORK),
       header(SIGNAL), header(SIGNAL, count=2) + b"ab", header(WINDOW), header(CREDIT, 0, 1),
       header(CREDIT, 0, 0, 0, 4) + b"abcd", header(FINISH, count=1) + b"x",
       header(DATA, 0, 1, 0, 1) + b"x", header(ENTER, count=9) + b"relative\0",
       header(ENTER, count=3) + b"/no", header(START, count=18) + start(0, 1),
       header(START, count=23) + start(0, 1) + text("/") + text("a") + b"x",
       header(START, count=22) + start(8, 1) + text("/") + text("a"),
       header(START, count=20) + start(0, 0) + text("/")]
for each in bad:
    agent = Agent()
    agent.send_raw(each)
    assert agent.code() == 125, each
    kind, process, stream, payload = agent.log[-1]
    assert (kind, process, stream) == (FAILED, 0, 0), (each, agent.log)
    assert struct.unpack("<iBB", payload[:6]) == (EPROTO, each[0], 0), (each, payload)
# More than the window.
agent = Agent()
it = agent.start("sleep", "1000", data=b"")
it.closes = False
agent.until(lambda: it.pid)
for piece in range(10):
    agent.send(DATA, b"x" * 60000)
assert agent.code() == 125
assert agent.failure()[:2] == (EPROTO, DATA)
END
    expect_output "hammock-agent: the host sent a message of kind 99 that makes no sense"
}

@test "messages that come byte by byte are the same messages" {
    drive <<'END'
agent = Agent()
it = agent.processes[0] = Process()
# What it sends itself would come between the bytes.
agent.grants = False
start = struct.pack("<BIIHHBHH", 2, 0, 0, 0, 0, 0, 1, 1)
start += text("/") + text("cat") + text("PATH=/bin:/usr/bin")
data = struct.pack("<BBBBI", START, 0, 0, 0, len(start)) + start
data += struct.pack("<BBBBI", DATA, 0, 0, 0, 5) + b"hello" + struct.pack("<BBBBI", DATA, 0, 0, 0, 0)
for byte in data:
    agent.send_raw(bytes([byte]))
    agent.receive(0.001)
agent.until(lambda: it.ended)
assert it.output[1] == b"hello" and it.ended == (0, 0)
END
}

@test "when the host goes, the agent ends with 125" {
    drive <<'END'
agent = Agent()
agent.start("sleep", "1000")
agent.socket.close()
assert agent.agent.wait(60) == 125
# Also while it writes.
agent = Agent(grants=False)
for number in range(16):
    agent.start("yes", process=number)
agent.receive()
agent.socket.close()
assert agent.agent.wait(60) == 125
END
    expect_output "hammock-agent: the host has closed the port"
}

@test "the agent waits for a port that comes later, and says which one does not come" {
    drive <<'END'
import pty, tty, threading
master, slave = pty.openpty()
tty.setraw(slave)
process = subprocess.Popen([os.environ["agent"], f"{work}/port"])
deadline = time.monotonic() + 60
while f"{work}/port" not in open(f"/proc/{process.pid}/cmdline").read():
    assert time.monotonic() < deadline
os.symlink(os.ttyname(slave), f"{work}/port")
assert os.read(master, 100) == struct.pack("<BBBBII", READY, 0, 0, 0, 4, 1)
os.write(master, struct.pack("<BBBBI", FINISH, 0, 0, 0, 0))
assert process.wait(60) == 125
done = subprocess.run([os.environ["agent"], "/nowhere/port"], stderr=subprocess.PIPE)
assert done.returncode == 125
reason = b"hammock-agent: cannot open /nowhere/port: no such file or directory"
assert done.stderr.startswith(reason), done
for words in [], ["a", "b"]:
    done = subprocess.run([os.environ["agent"], *words], stderr=subprocess.PIPE)
    assert done.returncode == 2 and done.stderr.startswith(b"usage: hammock-agent PORT"), done
END
}

# --- a description ----------------------------------------------------------------------------

@test "the agent does what a description says, and ends with its program's code" {
    drive <<'END'
root = f"{work}/root"
entry = lambda mode, path: struct.pack("<III", mode, 0, 0) + text(path)
words = describe(f"{work}/description",
    message(DIRECTORY, entry(0o751, f"{root}/made")),
    message(FILE, entry(0o640, f"{root}/made/file") + b"content"),
    message(LINK, text("file") + text(f"{root}/made/link")),
    program("sh", "-c", 'cat made/link; read line; echo " $line $WORD"; echo e >&2; exit 9',
            environment=("PATH=/usr/bin:/bin", "WORD=here"), directory=root))
# What is behind a description is nobody's, as on a disk.
open(words[2], "ab").write(b"\0" * 5000)
done = subprocess.run(words, input=b"typed\n", capture_output=True)
assert (done.returncode, done.stdout, done.stderr) == (9, b"content typed here\n", b"e\n"), done
assert os.stat(f"{root}/made").st_mode & 0o7777 == 0o751
done = subprocess.run(describe(words[2], program("sh", "-c", "kill -KILL $$")))
assert done.returncode == 137
END
}

@test "what a signal asks of an agent with a description, it asks of the program" {
    drive <<'END'
words = describe(f"{work}/description", program(
    "sh", "-c", "trap 'echo got TERM' TERM; trap 'echo got USR1; exit 3' USR1; echo ready\n"
    "while :; do sleep 0.01; done"))
process = subprocess.Popen(words, stdout=subprocess.PIPE)
assert process.stdout.readline() == b"ready\n"
process.send_signal(15)
assert process.stdout.readline() == b"got TERM\n"
process.send_signal(10)
assert process.stdout.readline() == b"got USR1\n"
assert process.wait(60) == 3
END
}

@test "the terminal of an agent with a description becomes the program's" {
    drive <<'END'
import pty
words = describe(f"{work}/description", program(
    "sh", "-c", "trap 'echo got INT; exit 4' INT; tty; echo ready; while :; do sleep 0.01; done"))
child, master = pty.fork()
if child == 0:
    os.execv(words[0], words)
output = b""
deadline = time.monotonic() + 60
while b"ready" not in output:
    assert time.monotonic() < deadline, output
    output += os.read(master, 1000)
assert output.startswith(b"/dev/pts/"), output
# Ctrl-C, which reaches the foreground of the terminal's session.
os.write(master, b"\x03")
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
END
}

@test "a description that is missing, damaged or for another agent starts nothing, and says so" {
    drive <<'END'
path = f"{work}/description"
run = lambda words: subprocess.run(words, capture_output=True)
def refused(words, line, code=125):
    done = run(words)
    assert done.returncode == code and done.stderr.startswith(line), (words, done)
    assert not os.path.exists(f"{work}/started")
start = program("touch", f"{work}/started")
refused([os.environ["agent"], "--description", path],
        b"hammock-agent: cannot read %s: no such file or directory\n" % path.encode())
none = b"hammock-agent: %s is no description for this agent" % path.encode()
refused(describe(path, start, version=2), none)
for content in b"", b"HAMMOCK\0", b"x" * 100:
    open(path, "wb").write(content)
    refused([os.environ["agent"], "--description", path], none)
damaged = b"hammock-agent: the description is damaged; hammock build makes another one\n"
words = describe(path, start)
os.truncate(path, os.path.getsize(path) - 1)
refused(words, damaged)
for messages in [], [start, start], [message(FINISH), start], [message(99), start], [start[:-4]]:
    refused(describe(path, *messages), damaged)
refused(describe(path, message(ENTER, text("/nowhere")), start),
        b"hammock-agent: cannot enter /nowhere: no such file or directory\n")
refused(describe(path, program("no-such-program")),
        b"hammock-agent: cannot start no-such-program: no such file or directory\n", 127)
refused(describe(path, program(work)), b"hammock-agent: cannot start ", 126)
refused(describe(path, program("true", directory="/dev/null/x")),
        b"hammock-agent: cannot start true in its directory: ")
# No disk begins with this. It looks once, and then for 30 ms.
beginning = os.urandom(96)
refused(describe(path, message(LOCATE, struct.pack("<I", 30) + text(f"{work}/disk") + beginning),
                 start), b"hammock-agent: no disk has the image's files, for %s/disk" % work.encode())
assert not os.path.lexists(f"{work}/disk")
END
}

# --- network --------------------------------------------------------------------------------

# For a script: a network namespace of its own, and messages of rtnetlink(7).
own_network='
import ctypes
assert ctypes.CDLL(None).unshare(0x40000000) == 0
def message(kind, body, flags=5):
    return struct.pack("<IHHII", 16 + len(body), kind, flags, 1, 0) + body
def address(index, octets):
    attributes = b"".join(struct.pack("<HH", 8, kind) + bytes(octets) for kind in (1, 2))
    return message(20, struct.pack("<BBBBI", 2, 24, 2, 0, index) + attributes, 0x405)
up = message(16, struct.pack("<BBHiII", 0, 0, 0, 1, 1, 1))
'

@test "the agent gives the network what the host says, and says what it could not" {
    need_root
    drive <<END
$own_network
agent = Agent()
agent.send(NETWORK, text("the loopback") + up)
agent.send(NETWORK, text("an address") + address(1, [10, 9, 8, 7]))
agent.send(NETWORK, text("another") + address(999, [10, 9, 8, 6]))
# What fails outside of a process is a message about process 0.
it = agent.start("cat", "/proc/net/fib_trie", process=1)
agent.until(lambda: it.ended)
found = it.output[1].decode()
assert "10.9.8.7" in found and "10.9.8.6" not in found, found
failures = [entry for entry in agent.log if entry[0] == FAILED]
assert len(failures) == 1, agent.log
error, kind, step = struct.unpack("<IBB", failures[0][3][:6])
assert (error, kind, failures[0][3][6:]) == (19, NETWORK, text("another")), failures
END
}

@test "a request for the network that the kernel would not answer ends the agent" {
    drive <<'END'
agent = Agent()
# No flag that asks for an answer.
agent.send(NETWORK, text("it") + struct.pack("<IHHII", 16, 16, 1, 1, 0))
agent.until(lambda: agent.closed)
END
}

@test "called /sbin/init, the agent becomes init, which runs the agent with a description" {
    mkdir -p "$tree"/{.hammock,sbin,proc}
    cp "$out/init" "$out/hammock-agent" "$tree/.hammock/"
    mv "$tree/.hammock/hammock-agent" "$tree/.hammock/agent"
    ln -s /.hammock/agent "$tree/sbin/init"
    agent=$out/hammock-agent PYTHONPATH=$root/Tests/Support PYTHONDONTWRITEBYTECODE=1 python3 -c "
from agent_client import *
describe('$tree/.hammock/description', program('/.hammock/init', '--version'))"
    run -0 "${as_root[@]}" "${in_namespace[@]}" --root="$tree" /sbin/init
    expect_output "Hammock init "
    rm "$tree/.hammock/init"
    code_of "${as_root[@]}" "${in_namespace[@]}" --root="$tree" /sbin/init
    expect_status 125
    expect_output "hammock-agent: cannot read /.hammock/init: no such file or directory"
}
