"""What the client does when a server fails, refuses a parameter, or cannot do structured output."""

from __future__ import annotations

import time

import pytest

from taxonomy._core.errors import ServerError
from taxonomy.labels import LabelSet
from taxonomy.llm.scoring import judge
from taxonomy.llm.server import retry_after
from tests.support.asking import FOUR, asking
from tests.support.server import Raw, data_of, error, good_answer, serve


def first_fails(failure):
    return lambda body, number: failure if number == 0 else good_answer(body)


class TestFailures:
    @pytest.mark.parametrize(
        "failure",
        [
            error(429, "slow down"),
            error(500, "oops"),
            error(503, "overloaded"),
            Raw(502, "<html>Bad gateway</html>"),
            Raw(200, "<html>busy</html>"),
            Raw(200, '{"choices": []}'),
            Raw(200, drop=True),
        ],
        ids=["429", "500", "503", "502 page", "page", "no choice", "dropped"],
    )
    def test_a_passing_failure_is_sent_again(self, failure):
        with serve(first_fails(failure)) as server, asking(server.url) as asker:
            assert not judge("rows", FOUR, asker).missing
            assert len(server.bodies) == 5
            assert len(asker.store) == 4

    @pytest.mark.parametrize(
        "headers",
        [{"Retry-After": "0.4"}, {"retry-after-ms": "400"}],
    )
    def test_retry_after_holds_all_requests_back(self, headers):
        times = []

        def script(body, number):
            times.append(time.monotonic())
            return error(429, "slow", headers) if number == 0 else good_answer(body)

        with serve(script) as server, asking(server.url, concurrency=1) as asker:
            judge("rows", FOUR, asker)
        assert 0.4 <= times[1] - times[0] < 3

    def test_a_date_is_a_retry_after_too(self):
        assert retry_after({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0
        for odd in ("soon", "nan", "-1", "1e999", "Thu, 01 Jan 99999999999 00:00:00 GMT"):
            assert retry_after({"retry-after": odd}) is None

    def test_too_long_a_wait_stops_the_run(self):
        failure = error(429, "slow", {"Retry-After": "3600"})
        with serve(lambda *_: failure) as server, asking(server.url, concurrency=1) as asker:
            with pytest.raises(ServerError, match="asks to wait 3600 seconds"):
                judge("rows", FOUR, asker)
            assert len(server.bodies) == 1

    def test_a_timeout_is_sent_again_and_then_final(self):
        def script(body, number):
            time.sleep(0.5)
            return good_answer(body)

        with (
            serve(script) as server,
            asking(server.url, concurrency=1, timeout=0.1, retries=1) as asker,
        ):
            with pytest.raises(ServerError, match=r"after 2 tries: no answer within 0.1 seconds"):
                judge("rows", FOUR, asker)
            assert len(asker.store) == 0
            assert asker.store.bill() == (2, 0, 0)

    def test_state_is_kept_and_a_second_run_continues(self, tmp_path):
        """The server dies after two answers for good; the next day it is well."""
        path = tmp_path / "store.sqlite"
        dying = lambda body, number: good_answer(body) if number < 2 else error(500, "dead")  # noqa: E731
        labels = LabelSet([*FOUR, "gnu", "yak"])
        with serve(dying) as server, asking(server.url, path, concurrency=1, retries=1) as asker:
            with pytest.raises(ServerError, match="500 - dead"):
                judge("rows", labels, asker)
            assert len(asker.store) == 2
            assert len(server.bodies) == 2 + 3 * 2  # it fails three requests in a row for good
        with serve() as server, asking(server.url, path) as asker:
            assert not judge("rows", labels, asker).missing
            assert len(server.bodies) == 4

    @pytest.mark.parametrize(
        ("failure", "match"),
        [
            (error(401, "Incorrect API key"), "401 - Incorrect"),
            (error(404, "no such model"), "404 - no such model"),
            (error(429, "pay first", code="insufficient_quota"), "pay first"),
        ],
    )
    def test_what_cannot_pass_stops_at_once(self, failure, match):
        with serve(lambda *_: failure) as server, asking(server.url, concurrency=1) as asker:
            with pytest.raises(ServerError, match=match):
                judge("rows", FOUR, asker)
            assert len(server.bodies) == 1

    def test_requests_under_way_are_stored_when_another_fails(self):
        def script(body, number):
            if data_of(body)["anchor"]["id"] == "ant":
                return error(401, "no")
            time.sleep(0.2)
            return good_answer(body)

        with serve(script) as server, asking(server.url, concurrency=4) as asker:
            with pytest.raises(ServerError):
                judge("rows", FOUR, asker)
            assert len(asker.store) == 3

    def test_a_server_that_is_not_there(self):
        refused = pytest.raises(ServerError, match="the connection failed")
        with asking("http://127.0.0.1:9/v1", retries=1) as asker, refused:
            judge("rows", FOUR, asker)


class TestSteppingDown:
    def run(self, script, **options):
        with serve(script) as server, asking(server.url, concurrency=1, **options) as asker:
            asker.parameters = {"temperature": 0}
            assert not judge("rows", FOUR, asker).missing
            return server.bodies

    def test_a_schema_names_every_class(self):
        body = self.run(lambda body, _: good_answer(body))[0]
        schema = body["response_format"]["json_schema"]["schema"]["properties"]["scores"]
        assert set(schema["required"]) == {"bee", "car", "van"}
        assert body["temperature"] == 0

    @pytest.mark.parametrize("status", [400, 422, 500])
    def test_down_to_what_the_server_can(self, status):
        """llama-cpp-python answers json_schema with 500; some servers know no format at all."""

        def script(body, number):
            if "response_format" in body:
                return error(status, "unsupported response_format")
            return good_answer(body)

        bodies = self.run(script)
        formats = [body.get("response_format", {}).get("type") for body in bodies]
        assert formats == ["json_schema", "json_object", *[None] * 4]

    def test_an_error_after_a_structured_answer_is_no_reason_to(self):
        script = lambda body, n: error(500, "x") if n == 1 else good_answer(body)  # noqa: E731
        assert {b["response_format"]["type"] for b in self.run(script)} == {"json_schema"}

    def test_a_reasoning_model_that_refuses_temperature(self):
        def script(body, number):
            if "temperature" in body:
                return error(
                    400, "Unsupported value: 'temperature' does not support 0", param="temperature"
                )
            return good_answer(body)

        bodies = self.run(script)
        assert ["temperature" in body for body in bodies] == [True, False, False, False, False]
        assert all("response_format" in body for body in bodies)

    def test_a_server_that_knows_only_the_other_limit(self):
        def script(body, number):
            if "max_tokens" in body:
                return error(400, "Use 'max_completion_tokens' instead of 'max_tokens'.")
            return good_answer(body)

        bodies = self.run(script)
        assert ["max_completion_tokens" in body for body in bodies] == [False, *[True] * 4]

    def test_the_key_of_a_question_does_not_depend_on_what_was_refused(self, tmp_path):
        path = tmp_path / "store.sqlite"
        refuse = lambda body, _: (  # noqa: E731
            error(400, "response_format") if "response_format" in body else good_answer(body)
        )
        with serve(refuse) as server, asking(server.url, path) as asker:
            judge("rows", FOUR, asker)
        with serve() as server, asking(server.url, path) as asker:
            judge("rows", FOUR, asker)
            assert server.bodies == []


def test_concurrency_is_a_limit():
    with serve() as server, asking(server.url, concurrency=2) as asker:
        server.delay = 0.05
        judge("rows", FOUR, asker)
        assert server.most_under_way == 2
