#!/usr/bin/env python3
"""Answers at a control socket as Hammock's init does, for the tests of its client.

    control-server.py SOCKET [MODE]

It knows these units, which do as their names say:

    good     comes up
    other    comes up
    bad      ends with code 1 while it starts
    needy    needs bad
    again    as bad, and is to start again
    slow     is for ever about to come up
    stuck    cannot be ended
    old      is up; a restart waits for somebody else first
    all      a target, which comes up at once

MODE is one of silent, cut, other, foreign, endless: it does not answer, ends each connection before
the answer's end, speaks another version or another language, or sends a line without end.
It prints a line when it listens, each request, and each reload that it does not pass over.
"""

import asyncio
import os
import sys
import time


def now():
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Unit:
    def __init__(self, name, phase="down"):
        self.name = name
        self.phase = phase
        self.since = now() if phase != "down" else 0
        self.main = 41 if phase == "up" else 0
        self.outcome = "none"
        self.status = 0
        self.rests = 0
        self.wanted = "yes" if phase == "up" else "no"
        self.culprit = None
        self.moments = [0.0, 0.0, 0.0]


class Server:
    def __init__(self):
        names = "good other bad needy again slow".split()
        units = [Unit(name + ".service") for name in names]
        units += [Unit(name + ".service", "up") for name in ("stuck", "old")]
        units.append(Unit("all.target"))
        self.units = {unit.name: unit for unit in units}
        self.watchers = []
        self.changed = asyncio.Event()

    def find(self, name):
        return self.units.get(name) or self.units.get(name + ".service")

    def enter(self, unit, phase, outcome=None, status=0):
        unit.phase = phase
        unit.since = now()
        unit.main = {"starting": 41, "up": 41, "busy": 41, "ending": 41}.get(phase, 0)
        if outcome:
            unit.outcome, unit.status = outcome, status
        if phase == "starting":
            unit.moments = [unit.since, unit.since, 0.0]
        if phase == "up":
            unit.moments[2] = unit.since
        if phase == "down":
            unit.wanted = "no"
        for watcher in self.watchers:
            watcher.put_nowait(f"at={unit.since:.3f} name={unit.name} phase={phase}")
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def start(self, unit):
        name = unit.name.split(".")[0]
        unit.wanted, unit.outcome, unit.culprit = "yes", "none", None
        if name == "needy":
            unit.culprit = "bad.service"
            self.enter(unit, "queued")
            await self.start(self.find("bad"))
            self.enter(unit, "down", "dependency")
            return
        self.enter(unit, "starting")
        if name == "all":
            self.enter(unit, "up")
            unit.moments = [unit.since] * 3
            return
        await asyncio.sleep(0.05)
        if name == "bad":
            self.enter(unit, "down", "code", 1)
        elif name == "again":
            unit.rests += 1
            self.enter(unit, "resting", "signal", 256 + 15)
        elif name != "slow":
            self.enter(unit, "up")

    async def stop(self, unit):
        unit.wanted = "no"
        self.enter(unit, "ending")
        await asyncio.sleep(0.05)
        if unit.name == "stuck.service":
            self.enter(unit, "stuck", "stop-timeout")
        else:
            self.enter(unit, "down", "succeeded")

    async def restart(self, unit):
        if unit.phase == "up":
            unit.wanted = "again"
            if unit.name == "old.service":
                await asyncio.sleep(0.1)
            self.enter(unit, "ending")
            await asyncio.sleep(0.05)
        await self.start(unit)

    async def reload(self, unit):
        if unit.phase != "up":
            return
        print("reloaded", unit.name, flush=True)
        self.enter(unit, "busy")
        await asyncio.sleep(0.2)
        self.enter(unit, "up")

    def line(self, unit):
        text = (
            f"name={unit.name} phase={unit.phase} since={unit.since:.3f} main={unit.main}"
            f" outcome={unit.outcome} status={unit.status} rests={unit.rests}"
            f" wanted={unit.wanted} unenforced=no new=key\n"
        )
        if unit.culprit:
            text += f"name={unit.name} culprit={unit.culprit}\n"
        return text

    async def answer(self, request, writer):
        words = request.split(" ")
        if words[0] != "hammock/1":
            return "hammock/1 no version 1\nend\n"
        verb, words = words[1], words[2:]
        if verb == "wait" and words == ["settled"]:
            writer.write(b"hammock/1 ok\n")
            await asyncio.sleep(0.05)
            return "end\n"
        if verb == "watch":
            return await self.watch(writer)
        if verb == "timeline":
            lines = [
                f"name={unit.name} queued={unit.moments[0]:.3f} began={unit.moments[1]:.3f}"
                f" ready={unit.moments[2]:.3f}\n"
                for unit in self.units.values()
            ]
            return "hammock/1 ok\n" + "".join(lines) + "end\n"
        if verb == "update":
            return "hammock/1 ok\nend\n"
        names = words[:1] if verb in ("signal", "wait") else words
        units = [self.find(name) for name in names]
        if None in units:
            return "hammock/1 no unit\nend\n"
        if verb == "status":
            units = units or self.units.values()
            return "hammock/1 ok\n" + "".join(map(self.line, units)) + "end\n"
        if verb == "wait":
            writer.write(b"hammock/1 ok\n")
            await writer.drain()
            while units[0].phase != words[1] and units[0].phase != "down":
                await self.changed.wait()
            return self.line(units[0]) + "end\n"
        if verb == "reload" and units[0].name == "other.service":
            return "hammock/1 no reload\nend\n"
        if verb in ("start", "stop", "restart", "reload"):
            for unit in units:
                # Up to its first wait it is done before the answer.
                task = asyncio.create_task(getattr(self, verb)(unit))
                task.add_done_callback(lambda done: done.result())
                await asyncio.sleep(0)
        return "hammock/1 ok\nend\n"

    async def watch(self, writer):
        queue = asyncio.Queue()
        self.watchers.append(queue)
        writer.write(b"hammock/1 ok\nlost=3\n")
        try:
            while True:
                await writer.drain()
                writer.write((await queue.get() + "\n").encode())
        finally:
            self.watchers.remove(queue)

    async def serve(self, reader, writer, mode):
        request = (await reader.readline()).decode().rstrip("\n")
        print(request, flush=True)
        if mode == "silent":
            await reader.read()
        elif mode == "cut":
            writer.write(b"hammock/1 ok\nname=good.ser")
        elif mode == "other":
            writer.write(b"hammock/1 no version 1\nend\n")
        elif mode == "foreign":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        elif mode == "endless":
            writer.write(b"hammock/1 ok\n" + b"x" * 100000)
        else:
            try:
                writer.write((await self.answer(request, writer)).encode())
            except ConnectionError:
                pass
        try:
            await writer.drain()
            writer.close()
        except ConnectionError:
            pass


async def main():
    path, mode = sys.argv[1], (sys.argv[2:] or [""])[0]
    server = Server()
    listener = await asyncio.start_unix_server(
        lambda reader, writer: server.serve(reader, writer, mode), path
    )
    print("listening", os.getpid(), flush=True)
    async with listener:
        await listener.serve_forever()


asyncio.run(main())
