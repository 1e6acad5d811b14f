"""Run with: cd examples/tornado && /usr/bin/python3 -m unittest -v main_test"""

import hashlib
import json

import tornado.testing
import tornado.websocket

import main


class ExampleTest(tornado.testing.AsyncHTTPTestCase):
    def get_app(self):
        return main.make_app()

    def get_httpserver_options(self):
        return {"xheaders": True, "max_body_size": main.UPLOAD_BYTES_MAX}

    def json(self, path, **kwargs):
        response = self.fetch(path, **kwargs)
        self.assertEqual(response.code, 200, path)
        return json.loads(response.body)

    def test_the_front_page_names_the_worker(self):
        body = self.fetch("/").body.decode()
        self.assertRegex(body, r"^Hello from \S+, pid \d+\n$")

    def test_the_client_is_who_the_front_door_says(self):
        sent = {"X-Real-IP": "192.0.2.7", "X-Scheme": "https", "Host": "a.example:8443"}
        seen = self.json("/headers", headers=sent)
        self.assertEqual(
            (seen["remote_ip"], seen["protocol"], seen["host"]),
            ("192.0.2.7", "https", "a.example:8443"),
        )
        self.assertIn(["X-Real-Ip", "192.0.2.7"], seen["headers"])

    def test_an_upload_is_hashed_as_it_comes(self):
        body = b"0123456789abcdef" * 65536
        want = {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for method in ("PUT", "POST"):
            self.assertEqual(self.json("/upload", method=method, body=body), want)

    def test_a_download_is_the_same_with_and_without_a_length(self):
        total = 3 * len(main.BLOCK) + 17
        counted = self.fetch(f"/download?bytes={total}")
        chunked = self.fetch(f"/download?bytes={total}&chunked=1")
        self.assertEqual(counted.headers["Content-Length"], str(total))
        self.assertNotIn("Content-Length", chunked.headers)
        self.assertEqual(len(counted.body), total)
        self.assertEqual(counted.body, chunked.body)
        self.assertEqual(counted.body[: 2 * len(main.BLOCK)].count(main.BLOCK[8:]), 2)
        self.assertNotEqual(counted.body[:8], counted.body[len(main.BLOCK) :][:8])

    def test_nothing_can_be_downloaded_too(self):
        for path in ("/download?bytes=0", "/download?bytes=0&chunked=1"):
            self.assertEqual(self.fetch(path).body, b"")

    def test_a_number_which_is_none_is_refused(self):
        for path in ("/slow?s=soon", "/slow?s=nan", "/download?bytes=-1", "/crash?signal=NONE"):
            self.assertEqual(self.fetch(path).code, 400, path)

    def test_a_slow_answer_does_arrive(self):
        self.assertTrue(self.fetch("/slow?s=0.01").body.startswith(b"waited 0.01 s"))

    def test_a_grandchild_is_left_behind(self):
        self.assertGreater(self.json("/orphan?s=0.01")["pid"], 1)

    def test_events_are_numbered(self):
        body = self.fetch("/events?count=3&s=0").body.decode()
        self.assertEqual(body.count("\n\n"), 3)
        self.assertTrue(body.startswith("id: 0\ndata: {"))

    @tornado.testing.gen_test
    async def test_the_websocket_sends_back_text_and_bytes(self):
        url = f"ws://127.0.0.1:{self.get_http_port()}/websocket"
        socket = await tornado.websocket.websocket_connect(url)
        for message in ("text", b"\x00bytes"):
            await socket.write_message(message, binary=isinstance(message, bytes))
            self.assertEqual(await socket.read_message(), message)
        socket.close()
