"""The Batch API: files out and in, whole, partial, expired and failed; and driving it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from taxonomy._core.errors import BudgetError, FileFormatError, LLMError, ServerError
from taxonomy.cli import main
from taxonomy.llm import batch
from taxonomy.llm.budget import PICO, Price
from taxonomy.llm.scoring import judge
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.asking import FOUR, asking
from tests.support.server import completion, data_of, good_answer


def result(line: dict, **others) -> str:
    """Return the Batch output line for an input line."""
    body = completion(good_answer(line["body"]))
    response = {"status_code": 200, "request_id": "r", "body": body}
    answer = {"id": "b", "custom_id": line["custom_id"], "response": response, "error": None}
    return json.dumps(answer | others) + "\n"


def outstanding(asker):
    """Return what judging would ask, sending nothing."""
    client, asker.client = asker.client, None
    judge("rows", FOUR, asker)
    asker.client = client
    questions = list(asker.outstanding.values())
    asker.outstanding.clear()
    return questions


class TestFiles:
    def test_the_whole_way_through_the_command(self, tmp_path, monkeypatch, capsys):
        """Out, answered in part, in, out again, the rest in, and a tree without any server."""
        monkeypatch.chdir(tmp_path)
        FOUR.save("classes.csv")
        ask = ["--model", "m", "--store", "s.sqlite"]

        def export(name):
            assert main(["llm", "export", "classes.csv", *ask, "--out", name]) == 0
            return [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]

        def take(text):
            (tmp_path / "results.jsonl").write_text(text)
            capsys.readouterr()
            words = ["llm", "import", "classes.csv", *ask, "--results", "results.jsonl"]
            assert main(words) == 0
            return capsys.readouterr().out

        first = export("one.jsonl")
        assert len(first) == 4
        assert {line["url"] for line in first} == {"/v1/chat/completions"}
        assert all(len(line["custom_id"]) == 64 for line in first)
        expired = result(
            first[1], response=None, error={"code": "batch_expired", "message": "late"}
        )
        failed = result(first[2], response={"status_code": 500, "body": {"error": {}}})
        told = take(result(first[0]) + expired + failed + result(first[3])[:50])
        assert told.startswith("1 damaged, 2 failed, 1 taken\n3 requests to send")
        second = export("two.jsonl")
        assert {x["custom_id"] for x in second} == {x["custom_id"] for x in first[1:]}
        other = result({"custom_id": "somebody's", "body": first[0]["body"]})
        told = take("".join(map(result, first)) + other)
        assert "3 taken" in told
        assert "1 known" in told
        assert "1 unknown" in told
        words = "generate classes.csv --source llm --base-url http://127.0.0.1:9/v1 --levels 2"
        assert main([*words.split(), *ask]) == 0
        assert Hierarchy.load("tree.json").leaves == FOUR.ids

    def test_requests_with_other_ids_are_matched_by_content(self):
        with asking("http://127.0.0.1:9/v1") as asker:
            questions = outstanding(asker)
            lines = [{"custom_id": f"mine-{i}", "body": q.body} for i, q in enumerate(questions)]
            foreign = {"custom_id": "else", "body": {"model": "x", "messages": []}}
            text = "".join(json.dumps(line) + "\n" for line in [*lines, foreign])
            keys = batch.keys_of(text, questions, "r.jsonl")
            assert keys == {f"mine-{i}": q.key for i, q in enumerate(questions)}
            with pytest.raises(FileFormatError, match=r"r\.jsonl, line 2"):
                batch.keys_of(text.splitlines()[0] + "\n{}\n", questions, "r.jsonl")

    def test_a_re_ask_is_exported_like_a_question(self):
        """A faulty answer that came in leaves exactly its faulty part outstanding."""
        with asking("http://127.0.0.1:9/v1") as asker:
            for question in (questions := outstanding(asker)):
                asker.store.remember(question)
            bad = json.dumps({"anchor": "ant", "scores": {"bee": 1, "car": 2}})
            asker.store.put_answer(questions[0].key, completion(bad))
            again = outstanding(asker)
            assert len(again) == 4
            (part,) = [q for q in again if q.attempt == 1]
            assert [c["id"] for c in data_of(part.body)["categories"]] == ["van"]


class Books:
    """A Batch API that remembers files and batches, and can die at a call."""

    def __init__(self):
        self.files: dict[str, str] = {}
        self.batches: dict[str, dict] = {}
        self.calls: list[str] = []
        self.die_at: str | None = None

    def call(self, method: str, path: str, body: bytes) -> dict | str:
        self.calls.append(f"{method} {path.partition('?')[0]}")
        if path == "/v1/files":
            name = f"file-{len(self.files)}"
            self.files[name] = body[body.index(b'{"custom_id"') : body.rindex(b"}\n") + 2].decode()
            return {"id": name, "object": "file"}
        if path.startswith("/v1/files/"):
            return self.files[path.split("/")[3]]
        if method == "POST":
            name = f"batch-{len(self.batches)}"
            self.batches[name] = {
                "id": name,
                "object": "batch",
                "status": "in_progress",
                "created_at": 0,
                **json.loads(body),
            }
            return self.batches[name]
        if path.startswith("/v1/batches/"):
            return self.batches[path.split("/")[3]]
        return {"object": "list", "data": list(self.batches.values()), "has_more": False}

    def end(self, name: str, status: str, answered: int, failed: int = 0) -> None:
        """End a batch with so many answers and failures."""
        lines = [
            json.loads(x) for x in self.files[self.batches[name]["input_file_id"]].splitlines()
        ]
        self.files["out"] = "".join(map(result, lines[:answered]))
        self.files["err"] = "".join(
            result(line, response=None, error={"code": "batch_expired"})
            for line in lines[answered : answered + failed]
        )
        self.batches[name] |= {"status": status, "output_file_id": "out"}
        self.batches[name] |= {"error_file_id": "err"} if failed else {}


@contextmanager
def batch_server():
    books = Books()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path
            what = books.call(self.command, path, body)
            if books.die_at == f"{self.command} {path.partition('?')[0]}":
                self.connection.close()  # done, but the caller never hears of it
                return
            data = (what if isinstance(what, str) else json.dumps(what)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = handle_any

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    books.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield books
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("line", ["[" * 100_000, '{"body": {"model": "\\ud800"}, "custom_id": 1}'])
def test_odd_requests_of_others_are_no_traceback(line):
    try:
        assert batch.keys_of(line, [], "requests.jsonl") == {}
    except FileFormatError as refused:
        assert "requests.jsonl, line 1" in str(refused)
    with asking("http://127.0.0.1:9/v1") as asker:
        assert set(batch.take(line, asker.store)) <= {"damaged", "failed"}


class TestDriving:
    def test_submit_and_collect(self):
        with batch_server() as books, asking(books.url) as asker:
            questions = outstanding(asker)
            assert batch.submit(questions, asker.client) == "batch-0"
            with pytest.raises(LLMError, match="Nothing is outstanding"):
                batch.submit(questions, asker.client)
            assert batch.collect(asker.client) == [("batch-0", "in_progress", {})]
            books.end("batch-0", "completed", 4)
            assert batch.collect(asker.client) == [("batch-0", "completed", {"taken": 4})]
            assert batch.collect(asker.client) == []
            assert not judge("rows", FOUR, asker).missing

    def test_an_expired_batch_has_paid_results_and_the_rest_stays_outstanding(self):
        budget = {"price": Price.parse("2,8"), "max_usd": 10}
        with batch_server() as books, asking(books.url, budget=budget) as asker:
            batch.submit(outstanding(asker), asker.client)
            reserved = asker.store.bill().pico_usd
            books.end("batch-0", "expired", 1, failed=3)
            ((_, status, counts),) = batch.collect(asker.client)
            assert (status, counts) == ("expired", {"taken": 1, "failed": 3})
            bill = asker.store.bill()
            assert bill.open == 0
            assert bill.pico_usd == 100 * 10**6 + 50 * 4 * 10**6 < reserved  # half the price
            left = outstanding(asker)
            assert len(left) == 3
            assert batch.submit(left, asker.client) == "batch-1"

    def test_a_ceiling_holds_before_anything_is_sent(self):
        budget = {"price": Price.parse("1000,1000"), "max_usd": 1}
        with batch_server() as books, asking(books.url, budget=budget) as asker:
            with pytest.raises(BudgetError, match="ceiling"):
                batch.submit(outstanding(asker), asker.client)
            assert books.calls == []
            assert asker.store.bill().pico_usd == 0 <= PICO

    @pytest.mark.parametrize("call", ["POST /v1/files", "GET /v1/batches", "POST /v1/batches"])
    def test_a_submission_cut_off_anywhere_starts_one_batch(self, call):
        """Even when the batch was started and the answer to that never arrived."""
        with batch_server() as books, asking(books.url) as asker:
            questions = outstanding(asker)
            books.die_at = call
            with pytest.raises(ServerError, match="Batch API failed"):
                batch.submit(questions, asker.client)
            books.die_at = None
            assert asker.store.batches()[0][2] == "prepared"
            assert batch.submit(questions, asker.client) == "batch-0"
            assert len(books.batches) == 1
            assert asker.store.bill().requests == 4
