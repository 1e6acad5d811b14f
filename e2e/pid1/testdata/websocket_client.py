"""A real WebSocket client: websocket_client.py URL SCENARIO. It ends with 0 when all went as it should."""

import asyncio
import sys

import websockets

LARGE = 16 << 20


async def text(ws):
    for message in ("", "hello", "grüße ☃", "x" * 125, "x" * 126, "x" * 65535, "x" * 65536):
        await ws.send(message)
        assert await ws.recv() == message, message[:20]


async def binary(ws):
    for size in (0, 1, 125, 126, 65535, 65536, 1 << 20):
        message = bytes(i & 0xFF for i in range(size))
        await ws.send(message)
        assert await ws.recv() == message, size


async def fragmented(ws):
    await ws.send(["one ", "two ", "", "three"])
    assert await ws.recv() == "one two three"
    await ws.send([bytes([i]) * 10_000 for i in range(50)])
    assert await ws.recv() == b"".join(bytes([i]) * 10_000 for i in range(50))


async def ping_from_client(ws):
    for payload in (b"", b"are you there", b"x" * 125):
        await asyncio.wait_for(await ws.ping(payload), 20)
    await ws.send(["begin ", "end"])
    assert await ws.recv() == "begin end"


async def ping_from_worker(ws):
    await ws.send("ping marco")
    assert await ws.recv() == "pong marco"


async def large(ws):
    message = b"0123456789abcdef" * (LARGE // 16)
    await ws.send(message)
    assert await ws.recv() == message


async def both_ways_at_once(ws):
    async def send():
        for i in range(200):
            await ws.send(bytes([i]) * 50_000)

    sending = asyncio.create_task(send())
    for i in range(200):
        assert await ws.recv() == bytes([i]) * 50_000, i
    await sending


async def close_from_client(ws):
    await ws.send("last words")
    await ws.close(4001, "enough")
    assert ws.close_code == 4001, ws.close_code  # Tornado sends the code back without the reason


async def close_from_worker(ws):
    await ws.send("close 4002")
    try:
        await ws.recv()
        assert False, "got a message behind the close"
    except websockets.ConnectionClosed as end:
        assert (end.rcvd.code, end.rcvd.reason) == (4002, "as told"), end


async def finish_after_close(ws):
    """The client's close frame and its FIN arrive together; the worker's close frame comes back all the same."""
    await ws.write_close_frame(websockets.frames.Close(1000, "bye"))
    ws.transport.write_eof()
    await asyncio.wait_for(ws.wait_closed(), 20)
    assert ws.close_code == 1000, ws.close_code


async def death_of_worker(ws):
    await ws.send("die")
    try:
        await asyncio.wait_for(ws.recv(), 20)
        assert False, "got a message from a dead worker"
    except websockets.ConnectionClosed as end:
        assert end.rcvd is None, end


async def client_that_stops_reading(ws):
    await ws.send("flood 400")
    await asyncio.sleep(0.5)
    for i in range(400):
        assert len(await ws.recv()) == 65536, i


async def main():
    url, scenario = sys.argv[1:]
    async with websockets.connect(url, max_size=2 * LARGE, max_queue=4, compression=None, ping_interval=None) as ws:
        await asyncio.wait_for(globals()[scenario](ws), 60)


asyncio.run(main())
