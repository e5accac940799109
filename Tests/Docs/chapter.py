#!/usr/bin/env python3
"""Does what a chapter of docs/ tells its reader to do, and compares what comes with what it shows.

    chapter.py CHAPTER.md DIRECTORY    runs the chapter's blocks in order, beginning in DIRECTORY
    chapter.py --not-run CHAPTER.md    prints why a block is not run, a line for each such block

A block is a run of lines indented by four spaces. It is what a terminal shows:

    $ command                 typed on the host, by bash
    / # command               typed in the machine, at the prompt that the machine shows;
    root@hammock:~# command   the command ends where the shell says so
    ^C, ^Z                    begins a line of output: these keys are pressed at this point
    ^A x                      a line of its own: Ctrl-A, then x, which ends qemu
    anything else             what is shown; ... stands for anything, and on a line of its own
                              for any number of lines

A command goes on behind a backslash at a line's end, and up to the last line of a `<<'WORD'`. A
block without a command is there to be read. A comment `<!-- not run: REASON -->` before a block has
it passed over.

A host command goes to the terminal that had the last one, and to another while a machine has that.
A command for the machine goes to the newest terminal that shows its prompt.
A host command must end with 0, unless the next one shows the code: `$ echo $?`.
"""

import os
import pty
import re
import select
import signal
import sys
import time

# How many seconds what is shown may take to come.
DEADLINE = int(os.environ.get("CHAPTER_DEADLINE", "180"))
HOST_PROMPT = re.compile(r"^@host (\d+)@ ", re.M)
GUEST_PROMPT = re.compile(r"^(?:[/~]\S* #|\w+@\w+:\S*[#$]) ", re.M)
TYPED = re.compile(r"(\$|[/~]\S* #|\w+@\w+:\S*[#$]) (.*)")
ESCAPES = re.compile(r"\x1b(?:[78c]|\[[0-9;?]*[a-zA-Z])")
KEYS = {"^C": b"\x03", "^Z": b"\x1a", "^A x": b"\x01x"}


class Wrong(Exception):
    """The chapter says something else than what happens."""


class Step:
    """A command, and what is shown in answer to it."""

    def __init__(self, line, on_host, command):
        self.line, self.on_host, self.command, self.shown = line, on_host, command, []


def blocks(path):
    """Yields the reason why a block is not run (or None), its first line's number, its lines."""
    reason, block, start = None, [], 0
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for number, line in enumerate(lines + ["end"], 1):
        if line.startswith("    ") or (block and line == ""):
            if not block:
                start = number
            block.append(line[4:])
        else:
            if block:
                yield reason, start, block
                reason, block = None, []
            found = re.match(r"<!-- not run: (.*) -->$", line)
            if found:
                reason = found[1]


def steps_of(start, block):
    """The steps of one block."""
    steps, until = [], None
    for number, line in enumerate(block, start):
        typed = TYPED.match(line)
        if until is not None:
            steps[-1].command += "\n" + line
            if line == until or (until == "" and not line.endswith("\\")):
                until = None
        elif typed:
            steps.append(Step(number, typed[1] == "$", typed[2]))
            here = re.search(r"<<'(\w+)'", typed[2])
            until = here[1] if here else "" if line.endswith("\\") else None
        elif steps:
            steps[-1].shown.append(line)
    for step in steps:
        while step.shown and step.shown[-1] == "":
            step.shown.pop()
    return steps


def pattern_of(lines):
    """A regular expression for these lines of output."""
    text = ""
    for line in lines:
        if line.strip() == "...":
            text += r"(?:.*\n)*?"
        else:
            text += ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r" *\n"
    return re.compile(text)


class Terminal:
    """bash on a terminal of its own, which may become a machine's."""

    def __init__(self, directory):
        self.process, self.fd = pty.fork()
        if self.process == 0:
            os.chdir(directory)
            # Under nohup(1), or in a shell's background, these are ignored, and would stay so.
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
            # Wide, so that no line is broken.
            os.system("stty rows 50 columns 400")
            os.environ.update(PS1=r"@host $?@ ", PS2="", TERM="linux", LC_ALL="C")
            os.environ.pop("PROMPT_COMMAND", None)
            # Not the variables of the test that runs this.
            for name in [name for name in os.environ if name.startswith(("BATS", "HAMMOCK"))]:
                del os.environ[name]
            os.execlp("bash", "bash", "--norc", "--noprofile", "--noediting", "-i")
        self.text, self.answered, self.on_host, self.code = "", 0, True, 0
        self.await_prompt(Step(0, True, "(the shell's start)"), HOST_PROMPT, 0)

    def read(self, seconds):
        """Adds to the text what comes; false at the end."""
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                come = os.read(self.fd, 65536)
            except OSError:
                come = b""
            if not come:
                return False
            self.text += come.decode("utf-8", "replace")
            # A shell in a machine asks how large its terminal is, by asking for the last place.
            while self.text.count("\x1b[6n") > self.answered:
                os.write(self.fd, b"\x1b[50;400R")
                self.answered += 1
        return True

    def seen(self, echoed):
        """The output so far as lines, without prompts and without the command, which is echoed."""
        text = ESCAPES.sub("", self.text).replace("\r", "")
        for _ in range(echoed):
            text = text.partition("\n")[2]
        return GUEST_PROMPT.sub("", HOST_PROMPT.sub("", text)).strip("\n") + "\n"

    def prompt(self):
        """The last prompt that is shown, or None."""
        text = ESCAPES.sub("", self.text).replace("\r", "")
        found = None
        for prompt in (HOST_PROMPT, GUEST_PROMPT):
            for match in prompt.finditer(text):
                if found is None or match.start() > found.start():
                    found = match
        return found

    def await_prompt(self, step, expected, echoed, whole=True):
        """Until what is shown matches, and, if `whole`, a prompt is shown behind it."""
        end = time.monotonic() + DEADLINE
        while True:
            seen, prompt = self.seen(echoed), self.prompt()
            if not isinstance(expected, re.Pattern) or expected is HOST_PROMPT:
                matches = True
            elif whole:
                matches = expected.fullmatch(seen)
            else:
                matches = expected.match(seen)
            if matches and (prompt or not whole):
                break
            alive = self.read(min(1, max(0, end - time.monotonic())))
            if not alive or time.monotonic() > end:
                raise Wrong(f"line {step.line}: {step.command}\nwhat came"
                            f"{'' if prompt or not whole else ', and no prompt behind it'}:\n{seen}"
                            f"what is shown:\n" + "\n".join(step.shown))
        if whole:
            self.on_host = prompt.re is HOST_PROMPT
            self.code = int(prompt[1]) if self.on_host else 0

    def run(self, step):
        """Types the command, presses its keys, and compares what comes."""
        # What the kernel or a script has written since belongs to no command.
        while select.select([self.fd], [], [], 0)[0] and self.read(0):
            pass
        self.text, self.answered = "", 0
        echoed = step.command.count("\n") + 1
        os.write(self.fd, step.command.encode() + b"\n")
        expected = []
        for line in step.shown:
            key = next((key for key in KEYS if line.startswith(key)), None)
            if key:
                self.await_prompt(step, pattern_of(expected), echoed, whole=False)
                os.write(self.fd, KEYS[key])
            if key != "^A x":
                expected.append(line)
        self.await_prompt(step, pattern_of(expected or [""]), echoed)

    def await_end(self):
        """Until the machine that has this terminal is off."""
        end = time.monotonic() + DEADLINE
        while not HOST_PROMPT.search(self.text.replace("\r", "")):
            if not self.read(min(1, max(0, end - time.monotonic()))) or time.monotonic() > end:
                raise Wrong(f"a machine is still on at the end:\n{self.seen(0)}")

    def end(self):
        """Ends what is left on the terminal, as closing it does."""
        os.close(self.fd)
        deadline = time.monotonic() + 10
        while os.waitpid(self.process, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(self.process, signal.SIGKILL)
                os.waitpid(self.process, 0)
                return
            time.sleep(0.02)


def run(path, directory):
    """Runs the chapter."""
    terminals, host = [], None
    steps = [step for reason, start, block in blocks(path) if reason is None
             for step in steps_of(start, block)]
    if not steps:
        raise Wrong("no block has a command")
    try:
        for number, step in enumerate(steps):
            if step.on_host and (host is None or not host.on_host):
                host = next((one for one in terminals if one.on_host), None) or Terminal(directory)
                if host not in terminals:
                    terminals.append(host)
            guests = [one for one in terminals if not one.on_host]
            if not step.on_host and not guests:
                raise Wrong(f"line {step.line}: {step.command}\n"
                            "no terminal shows a machine's prompt")
            terminal = host if step.on_host else guests[-1]
            terminal.run(step)
            shows_code = number + 1 < len(steps) and steps[number + 1].command == "echo $?"
            if terminal.on_host and terminal.code != 0 and not shows_code:
                raise Wrong(f"line {step.line}: {step.command}\nended with {terminal.code}:\n"
                            + terminal.seen(0))
        for terminal in terminals:
            if not terminal.on_host:
                terminal.await_end()
    finally:
        for terminal in terminals:
            terminal.end()
    print(f"{path}: {len(steps)} commands")


def main(words):
    """What the words ask for."""
    if len(words) == 2 and words[0] == "--not-run":
        for reason, start, _ in blocks(words[1]):
            if reason is not None:
                print(f"{os.path.basename(words[1])}:{start}: {reason}")
    elif len(words) == 2:
        try:
            run(words[0], words[1])
        except Wrong as wrong:
            sys.exit(f"{words[0]}: {wrong}")
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
