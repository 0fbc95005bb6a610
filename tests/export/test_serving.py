"""The service: good requests are answered as the library answers, bad ones in one sentence."""

from __future__ import annotations

import asyncio
import http.client
import io as streams
import json
import re
import signal
import threading
import time
import zipfile

import jsonschema
import pytest

from taxonomy._core.errors import ExportError, FileFormatError
from taxonomy.cli import main
from taxonomy.export.serving import Limits, Service, app
from taxonomy.export.serving.limits import MOST_CLIENTS, Rates, RefusedError
from taxonomy.export.serving.openapi import document
from taxonomy.export.serving.web import page
from taxonomy.nets import extract, get_net, predict, save_net
from tests.export.test_bundling import run_alone, small
from tests.support.storm import (
    GONE,
    JPEG,
    JSON,
    MALFORMED,
    PARTS,
    PNG,
    UNHURRIED,
    Asked,
    Ended,
    declaring,
    in_parts,
    picture,
    send,
    sent,
    served,
    storm,
)

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

PETS = ("cat", "dog", "horse")


@pytest.fixture(scope="module")
def running():
    with served("icons/tree", "--per-minute", "0") as service:
        yield service


@pytest.fixture(scope="module")
def service():
    return Service("icons/tree")


def asked(service, path, body=b"", headers=None, method=None):
    """Return a request's status, and its answer as JSON."""
    method = method or ("POST" if body else "GET")
    status, answer = send(Asked(path, method, path, body, headers or {}), service.port)
    return status, json.loads(answer)


class TestAnswers:
    def test_a_picture_is_named_as_the_library_names_it(self, running):
        status, found = asked(running, "/predict?classes=cat,dog,horse&top=2", picture(3), PNG)
        expert = extract(get_net("icons/tree"), PETS)
        square = expert.preprocessing.picture(streams.BytesIO(picture(3)))
        wanted = predict(expert, square[None]).to_dicts(2)[0]
        assert status == 200
        assert found == {"classes": wanted["classes"], "path": wanted["path"]}

    def test_all_classes_and_a_photograph(self, running):
        status, found = asked(running, "/predict", picture(1, "JPEG", 900), JPEG)
        assert status == 200
        assert len(found["classes"]) == 5
        assert found["path"][-1] == found["classes"][0]

    def test_a_bundle_runs(self, running, tmp_path):
        pytest.importorskip("onnxruntime")
        body = json.dumps({"classes": ["horse", "dog", "cat"]}).encode()
        status, made = send(Asked("bundle", "POST", "/bundle", body, JSON), running.port)
        assert status == 200
        with zipfile.ZipFile(streams.BytesIO(made)) as archive:
            assert all(re.fullmatch(r"expert/[\w.-]+", name) for name in archive.namelist())
            archive.extractall(tmp_path)
        done = run_alone(tmp_path / "expert")
        assert done.returncode == 0, done.stderr
        assert "self-test passed" in done.stdout
        assert (tmp_path / "expert" / "labels.txt").read_text() == "cat\ndog\nhorse\n"

    def test_every_class_stands_below_its_node(self, running):
        _, known = asked(running, "/classes")
        tree = get_net("icons/tree").hierarchy
        assert [one["id"] for one in known["classes"]] == list(tree.leaves)
        node = known["classes"][0]["node"]
        beside = {one["id"] for one in known["classes"] if one["node"] == node}
        assert beside == {"airplane", "drone", "helicopter", "radar", "rocket", "satellite"}
        assert known["nodes"][node] == {"name": "airplane, drone and 4 more", "parent": 0}
        assert known["nodes"][0]["parent"] == -1

    def test_answers_are_as_they_are_described(self, running):
        _, described = asked(running, "/openapi.json")
        bodies = {
            ("/classes", "get"): asked(running, "/classes"),
            ("/health", "get"): asked(running, "/health"),
            ("/predict", "post"): asked(running, "/predict", picture(0), PNG),
            ("/bundle", "post"): asked(running, "/bundle", b"{}", JSON),
        }
        for (path, method), (status, found) in bodies.items():
            answer = described["paths"][path][method]["responses"][str(status)]
            schema = answer["content"]["application/json"]["schema"]
            jsonschema.validate(found, {**schema, "components": described["components"]})
        assert bodies["/bundle", "post"][0] == 400

    def test_every_path_is_described_and_no_other(self, running):
        _, described = asked(running, "/openapi.json")
        assert described["openapi"].startswith("3.1")
        for path, methods in described["paths"].items():
            for method, known in methods.items():
                status, _ = send(Asked("", method.upper(), path), running.port)
                assert str(status) in {*known["responses"], "415"}, path


class TestThePage:
    def test_it_runs_its_own_script_alone(self, running):
        _, text = send(Asked("page", "GET", "/"), running.port)
        shown, policy = page()
        assert text.decode() == shown
        assert "'unsafe" not in policy
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert not re.search(r"(src|href)=|style=|\bon\w+=|innerHTML|https?:", shown)


@pytest.mark.parametrize("request_", MALFORMED, ids=lambda request: request.name[:40])
def test_what_is_malformed_is_refused_in_a_sentence(running, request_):
    status, body = sent(request_, running.port)
    assert status in request_.statuses
    if status != GONE and not request_.raw:
        said = json.loads(body)
        assert list(said) == ["error"]
        assert said["error"].endswith((".", ";", "?"))
        assert "0x" not in said["error"]
    assert running.process.poll() is None


def test_a_name_that_is_nearly_right_is_suggested(running):
    _, found = asked(running, "/predict?classes=hors", picture(0), PNG)
    assert found == {"error": "Unknown class 'hors'. Did you mean 'horse'? There are 212 classes."}


def test_two_hundred_requests_by_eight_clients(running):
    ended = storm(running.port, running.classes(), 200, 8)
    assert ended.wrong == []
    assert ended.by_status.total() == 200
    assert ended.statuses[200] > 150
    assert running.process.poll() is None


class TestLimits:
    def test_pixels_are_counted_in_the_head(self, service):
        with pytest.raises(RefusedError, match=r"more than 16,000,000 pixels") as caught:
            service.predict(declaring(4001, 4000), PETS, 1)
        assert caught.value.status == 413
        with pytest.raises(RefusedError, match="no readable PNG or JPEG"):
            service.predict(declaring(4000, 4000), PETS, 1)  # few enough, and not there

    def test_formats_are_two(self, service):
        for form in ("GIF", "BMP", "TIFF", "PPM"):
            with pytest.raises(RefusedError, match="no readable PNG or JPEG"):
                service.predict(picture(0, form), PETS, 1)

    def test_experts_that_are_kept_are_bounded(self):
        few = Service(small(), Limits(kept=2))
        for classes in (("bus", "cat"), ("cat", "dog"), ("bus", "taxi")):
            few.predict(picture(0), classes, 1)
        kept = few._expert.cache_info()
        assert (kept.currsize, kept.misses) == (2, 3)

    def test_too_many_classes(self):
        with pytest.raises(RefusedError, match="Those are 3 classes; give at most 2"):
            Service(small(), Limits(max_classes=2)).checked(["cat", "dog", "bus"])

    @pytest.mark.parametrize("name", ["max_bytes", "at_once", "seconds", "kept"])
    def test_numbers_are_positive(self, name):
        with pytest.raises(ExportError, match=f"`{name}` is 0"):
            Limits(**{name: 0 if name != "seconds" else 0.0})

    def test_bodies_that_were_refused_are_not_kept(self, running):
        """Thirty of 8.1 MB: held by their errors, they would be 240 MB."""
        large = Asked("large", "POST", "/predict", bytes(8_100_000), PNG, (413,))
        assert send(large, running.port)[0] == 413
        before = running.resident
        for _ in range(30):
            send(large, running.port)
        assert running.resident < before + 80e6

    def test_clients_that_are_counted_are_bounded(self):
        rates = Rates(1)
        for number in range(MOST_CLIENTS + 10):
            assert rates.wait(f"10.0.{number // 256}.{number % 256}", 0.0) == 0
        assert len(rates._left) == MOST_CLIENTS

    def test_addresses_of_one_network_are_one_client(self):
        rates = Rates(1)
        assert rates.wait("2001:db8::1", 0.0) == 0
        assert rates.wait("2001:db8::2", 0.0) == 60
        assert rates.wait("2001:db8:0:1::2", 0.0) == 0


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A service that takes on little."""
    path = tmp_path_factory.mktemp("nets") / "small.safetensors"
    save_net(path, small())
    words = ["--per-minute", "30", "--waiting", "0", "--seconds", "1", "--max-bytes", "20000"]
    with served(str(path), *words) as service:
        yield service


class TestStrictly:
    def test_a_body_that_is_too_slow_and_one_too_many(self, strict):
        slow = Asked("slow", "POST", "/predict", b"", PNG)
        statuses = []

        def ask():
            link = http.client.HTTPConnection("127.0.0.1", strict.port, timeout=20)
            link.putrequest(slow.method, slow.path)
            for name, value in {**PNG, "Content-Length": "100"}.items():
                link.putheader(name, value)
            link.endheaders()
            with link.getresponse() as answer:
                statuses.append(answer.status)
            link.close()

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.4)
        status, said = asked(strict, "/predict", picture(0), PNG)
        assert status == 503
        assert "wait already" in said["error"]
        thread.join()
        assert statuses == [408]
        assert asked(strict, "/predict", picture(0), PNG)[0] == 200

    def test_a_large_body(self, strict):
        status, said = asked(strict, "/predict", b"\0" * 30_000, PNG)
        assert (status, said["error"]) == (
            413,
            "The body has more than 20,000 bytes; send a smaller one.",
        )

    def test_the_one_who_asks_too_often_waits(self, strict):
        statuses = [asked(strict, "/classes")[0] for _ in range(40)]
        assert set(statuses) == {200, 429}
        assert statuses.index(429) <= 31
        assert asked(strict, "/health")[0] == 200


@pytest.mark.slow
def test_on_a_signal_what_was_begun_is_answered():
    with served("icons/tree", "--at-once", "1") as service:
        body = json.dumps({"classes": list(PETS), "target": "safetensors"}).encode()
        request = Asked("bundle", "POST", "/bundle", body, JSON)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(send(request, service.port)[0]))
        thread.start()
        time.sleep(0.15)
        service.process.send_signal(signal.SIGTERM)
        thread.join()
        assert answers == [200]
        service.process.wait(20)
        with pytest.raises(OSError):
            send(request, service.port)


class TestTheApplication:
    def test_it_is_asgi_for_anyone_to_mount(self):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def keep(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/health", "headers": []}
        scope |= {"query_string": b"", "client": None, "root_path": "", "raw_path": b"/health"}
        asyncio.run(app(small())(scope, receive, keep))
        assert sent[0]["status"] == 200
        assert json.loads(sent[1]["body"]) == {"status": "ok", "requests": 0}

    def test_targets_are_those_that_are_installed(self, service, monkeypatch):
        assert set(service.targets) <= {"onnx", "tflite", "safetensors"}
        assert document(Limits(), ["onnx"])["paths"]["/bundle"]


class TestTheCommand:
    def test_what_is_no_network(self, capsys):
        with pytest.raises(FileFormatError, match="no such network"):
            app("icons/tre")
        assert main(["serve", "icons/tre"]) == 2
        assert "Did you mean 'icons/tree'" in capsys.readouterr().err

    def test_a_port_that_is_taken(self, running, capsys):
        assert main(["serve", "icons/tree", "--port", str(running.port)]) == 2
        assert "choose another --port" in capsys.readouterr().err
        assert main(["serve", "icons/tree", "--port", "70000"]) == 2
        assert "--port is 70000" in capsys.readouterr().err


@pytest.mark.slow
def test_ten_thousand_requests_by_thirty_two_clients():
    """``python -m tests.support.storm icons/tree 10000 32`` prints the same."""
    with served("icons/tree", *UNHURRIED) as service:
        ended, held = in_parts(service, 10_000, 32)
        assert ended.wrong == []
        assert ended.by_status.total() == 10_000
        assert max(map(int, ended.statuses)) < 500
        assert service.process.poll() is None
        assert held[-1] < 1.05 * held[PARTS // 2], held


@pytest.mark.slow
def test_killed_and_restarted_every_request_ends():
    port, ends = 0, list[Ended]()

    def storming(*where):
        ends.append(storm(*where[:2], 400, 16, where[2]))

    for turn in range(3):
        with served("icons/tree", *UNHURRIED, port=port) as service:
            port, known = service.port, service.classes()
            clients = threading.Thread(target=storming, args=(port, known, turn))
            clients.start()
            time.sleep(3)
            if turn < 2:
                service.process.kill()
            clients.join(180)
            assert not clients.is_alive()
    for ended in ends:
        assert ended.by_status.total() == 400
        assert {one.partition(": ")[2].partition(" ")[0] for one in ended.wrong} <= {
            GONE.split()[0]
        }
    assert ends[0].statuses[GONE] > 0 < ends[0].statuses[200]
    assert ends[2].wrong == []
