"""The forms in which servers send answers, good and bad, each with who sends it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

from tests.support.server import Raw, completion, data_of, error, good_answer

HALVES = ("soft", "hard")


def any_answer(body: dict) -> str:
    """Answer the question of any strategy well; groups are halves of the list."""
    asked, system = data_of(body), body["messages"][0]["content"]
    ids = [entry["id"] for entry in asked.get("categories", ())]
    if "names" in asked:
        return json.dumps({"senses": dict.fromkeys(ids, 1)})
    if "beside" in body["messages"][-1]["content"]:
        return json.dumps({"names": {g["id"]: f"kind {g['id']}" for g in asked["groups"]}})
    if "Describe" in system:
        return json.dumps({"description": "a thing of some shape"})
    if "Propose" in system:
        return json.dumps({"groups": list(HALVES)})
    if "category" in asked:
        return json.dumps({"group": 1 + len(asked["category"]["id"]) % 2})
    if "Sort all" in system:
        parts = (ids[: len(ids) // 2], ids[len(ids) // 2 :])
        below = [{"name": n, "leaves": p} for n, p in zip(HALVES, parts, strict=True)]
        inner = [{"name": one["name"], "children": [one]} for one in below]
        return json.dumps({"name": "root", "children": inner})
    if "groups" in asked:
        return json.dumps({"groups": dict.fromkeys(ids, 2)})
    return good_answer(body)


def draft_of(text: str) -> str:
    """Return another object of the same keys, such as a model writes while it thinks."""
    return json.dumps({key: {} for key in json.loads(text)})


WRAPPED = {
    "plain": "{}",
    "indented": "\n  {}\n\n",
    "thoughts without an opening tag": "rating bee … {DRAFT}</think>\n{}",
    "thoughts with tags": "<think>maybe {9}, {DRAFT}</think>\n\n{}",
    "tags and nothing between": "<think>\n\n</think>\n\n{}",
    "thoughts of two rounds": "<think>{DRAFT}</think> Now:<think>no {</think>{}",
    "other tags": "<thinking>{DRAFT}</thinking>{}",
    "tags of Seed": "<seed:think>{DRAFT}</seed:think>{}",
    "tags of Mistral": "[THINK]{DRAFT}[/THINK]{}",
    "tags of Kimi": "◁think▷{DRAFT}◁/think▷{}",
    "tags of Command": "<|START_THINKING|>{DRAFT}<|END_THINKING|><|START_RESPONSE|>{}"
    "<|END_RESPONSE|>",
    "tags of Gemma": "<|channel>thought\n{DRAFT}<channel|>{}",
    "an answer in tags": "<think>x</think><answer>{}</answer>",
    "channel markers": "<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant"
    "<|channel|>final<|message|>{}",
    "channel markers with a format": "<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>"
    "assistant<|channel|>final <|constrain|>json<|message|>{}<|return|>",
    "channel markers with commentary": "<|channel|>commentary to=functions.x<|message|>{DRAFT}"
    "<|call|><|start|>assistant<|channel|>final<|message|>{}",
    "channel markers that were taken out": "analysisWe rate {DRAFT}. Done.assistantfinal{}",
    "thoughts after it": "{}\n<think>Was that {DRAFT}?",
    "prose around it": "Sure! Here are the scores:\n\n{}\n\nTell me if {you} need more.",
    "a fence": "```json\n{}\n```",
    "a fence in prose": "Here:\n```json\n{}\n```\nDone.",
    "a fence of one line": "```json {} ```",
    "a fence without a newline": "```{}```",
    "a fence that stays open": "```json\n{}",
    "a fence in a fence": "````markdown\n```json\n{}\n```\n````",
    "said twice": "{}\n\nAgain: {}",
    "beside another object": '{"note": "rated by kind"}\n{}',
    "in another object": '{"answer": {}}',
    "as a call": '{"name": "rate", "parameters": {}}',
    "a list of one": "[{}]",
    "a byte order mark": "\ufeff{}",
    "marks of the end": "{}<|im_end|>\n<|endoftext|>",
    "sums in braces": "\\frac{1}{2} and \\text{x}: {}",
    "thoughts in tags of other words": "<scratchpad>{DRAFT}</scratchpad>\n{}",
    "a draft, and an answer in tags": "{DRAFT}\n<output>{}</output>",
    "a fence of YAML": "```yaml\n{}\n```",
    "doubled braces": "{{}}",
    "a call in tags (Qwen)": '<tool_call>\n{"name": "rate", "arguments": {}}\n</tool_call>',
    "a call in a function": '{"type": "function", "function": {"name": "x", "parameters": {}}}',
}
"""Texts around an answer, ``{}``; ``{DRAFT}`` is another object of its keys."""


def wrapped(form: str, text: str) -> str:
    """Return an answer within what a form puts around it."""
    return WRAPPED[form].replace("{DRAFT}", draft_of(text)).replace("{}", text)


def _called(text: str) -> dict:
    call = {"id": "1", "type": "function", "function": {"name": "rate", "arguments": text}}
    return completion(None, message={"tool_calls": [call]}, choice={"finish_reason": "tool_calls"})


def _calls(*arguments: Any) -> dict:
    calls = [{"function": {"name": "rate", "arguments": one}} for one in arguments]
    return completion(None, message={"tool_calls": calls})


def streamed(text: str, line: str = "data: {}\n\n", **last: Any) -> str:
    """Return an answer as the events of a stream."""
    cuts = [text[at : at + 40] for at in range(0, len(text), 40)]
    deltas = [{"role": "assistant", "content": ""}, *({"content": cut} for cut in cuts)]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], **last})
    return "".join(line.replace("{}", json.dumps(chunk)) for chunk in chunks)


def _noted(text: str) -> str:
    """Return an answer with every number in an object of its own, with a reason."""
    return re.sub(r": (\d+)(?=[,}])", r': {"value": \1, "why": "as it looks"}', text)


def _recorded(text: str) -> str:
    """Return an answer whose mapping of numbers is a list of records."""
    whole = json.loads(text)
    for key, found in whole.items():
        if isinstance(found, dict) and key in ("scores", "odd", "senses"):
            whole[key] = [{"id": item, "value": value} for item, value in found.items()]
    return json.dumps(whole)


def _titled(text: str) -> str:
    """Return an answer with its keys as headings are written."""
    return re.sub(r'"([^"]+)"(?=:)', lambda key: json.dumps(key[1].title()), text)


def _parts(*parts: Any) -> dict:
    return completion(None, message={"content": list(parts)})


SENT: dict[str, Callable[[str], Any]] = {
    **{form: lambda text, form=form: wrapped(form, text) for form in WRAPPED},
    "one part": lambda text: _parts({"type": "text", "text": text}),
    "two halves": lambda text: _parts(
        {"type": "text", "text": text[:9]}, {"type": "text", "text": text[9:]}
    ),
    "thoughts as a part": lambda text: _parts(
        {"type": "thinking", "thinking": [{"type": "text", "text": draft_of(text)}]},
        {"type": "output_text", "text": text},
    ),
    "thoughts as a part with a text": lambda text: _parts(
        {"type": "reasoning", "text": draft_of(text)}, {"type": "text", "text": text}
    ),
    "parts that are none": lambda text: _parts(None, "x", {"text": 7}, {"text": text}),
    "one part without a list": lambda text: completion(
        None, message={"content": {"type": "text", "text": text}}
    ),
    "an object": lambda text: completion(None, message={"content": json.loads(text)}),
    "an object in quotes": lambda text: json.dumps(text),
    "a tool's arguments": _called,
    "a function's arguments": lambda text: completion(
        None, message={"function_call": {"name": "rate", "arguments": text}}
    ),
    "thoughts beside it": lambda text: completion(
        text, message={"reasoning_content": draft_of(text)}
    ),
    "taken for thoughts (vLLM)": lambda text: completion(
        None, message={"reasoning_content": f"I rate {draft_of(text)}.\n\n{text}"}
    ),
    "taken for thoughts (OpenRouter)": lambda text: completion("", message={"reasoning": text}),
    "whitespace until it was cut off (Ollama)": lambda text: completion(
        text + "\n" * 500, choice={"finish_reason": "length"}
    ),
    "words until it was cut off": lambda text: completion(
        f"```json\n{text}\n```\nI chose {draft_of(text)} bec", choice={"finish_reason": "length"}
    ),
    "an end of another name": lambda text: completion(text, choice={"finish_reason": "end_turn"}),
    "no end": lambda text: completion(text, choice={"finish_reason": None}),
    "no usage": lambda text: completion(text, usage=None),
    "usage beyond 63 bits": lambda text: completion(
        text, usage={"prompt_tokens": 2**80, "completion_tokens": 2**63}
    ),
    "NaN around it": lambda text: Raw(200, json.dumps(completion(text, created=float("nan")))),
    "half a surrogate pair beside it": lambda text: completion(text, model="m\ud83d"),
    "a byte order mark before it all": lambda text: Raw(
        200, "\ufeff" + json.dumps(completion(text))
    ),
    "spaces before it all (OpenRouter)": lambda text: Raw(
        200, "\n \n" * 99 + json.dumps(completion(text))
    ),
    "an empty error beside it": lambda text: completion(text, error=None),
    "a refusal that is none": lambda text: completion(text, message={"refusal": ""}),
    "log-probabilities that are none": lambda text: completion(
        text, choice={"logprobs": {"content": [7, None, {"token": 7, "logprob": -(10**400)}]}}
    ),
    "arguments that are no text (llama.cpp)": lambda text: _calls(json.loads(text)),
    "called twice": lambda text: _calls(text, text),
    "called after another tool": lambda text: _calls('{"thought": "by kind"}', text),
    "arguments as a text in an object": lambda text: json.dumps(
        {"name": "rate", "arguments": text}
    ),
    "a part with a value": lambda text: _parts({"type": "text", "text": {"value": text}}),
    "taken for thoughts, in details": lambda text: completion(
        None, message={"reasoning_details": [{"type": "reasoning.text", "text": text}]}
    ),
    "a comma too many": lambda text: text.replace("}", ",\n}"),
    "quotes of Python": lambda text: text.replace('"', "'"),
    "quotes of Python and an apostrophe": lambda text: "Here's it:\n" + text.replace('"', "'"),
    "quotes of a typesetter": lambda text: re.sub(r'"([^"]*)"', "\u201c\\1\u201d", text),
    "quotes with backslashes": lambda text: text.replace('"', '\\"'),
    "quotes of HTML": lambda text: text.replace('"', "&quot;"),
    "keys without quotes": lambda text: re.sub(r'"([a-z]+)"(?=:)', r"\1", text),
    "comments of C": lambda text: text.replace("{", "{ // of one's own\n", 1) + " /* done */",
    "comments of Python": lambda text: text.replace("{", "{ # it's rated\n", 1),
    "comments between": lambda text: text.replace(", ", ", /* it's rated */ "),
    "backslashes that are none (Mistral)": lambda text: text.replace("thing ", "thing\\ "),
    "lines within a text": lambda text: text.replace("a thing of", "a thing\n\tof"),
    "no last brace": lambda text: text[:-1] if text.endswith("}}") else text,
    "a brace too many": lambda text: text + "}",
    "numbers as texts": lambda text: re.sub(r": (\d+)(?=[,}])", r': "\1"', text),
    "numbers with a fraction": lambda text: re.sub(r": (\d+)(?=[,}])", r": \1.0", text),
    "numbers with reasons": _noted,
    "records for a mapping": _recorded,
    "keys as headings": _titled,
    "keys with spaces": lambda text: re.sub(r'"([^"]+)"(?=:)', r'" \1 "', text),
    "a stream nobody asked for": lambda text: Raw(200, streamed(text) + "data: [DONE]\n\n"),
    "a stream with events and usage": lambda text: Raw(
        200,
        streamed(
            text,
            "event: chunk\r\ndata: {}\r\n\r\n",
            usage={"prompt_tokens": 9, "completion_tokens": 9},
        ),
    ),
    "a stream's one chunk": lambda text: Raw(
        200, json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]})
    ),
    "signs of life before it all (OpenRouter)": lambda text: Raw(
        200, ": OPENROUTER PROCESSING\n\n" * 9 + json.dumps(completion(text))
    ),
    "a text in place of a message": lambda text: Raw(
        200, json.dumps({"choices": [{"text": text, "finish_reason": "stop"}]})
    ),
    "a second choice (Copilot)": lambda text: completion(
        None,
        choices=[
            {"finish_reason": "stop", "message": {"content": None}},
            {"finish_reason": "stop", "message": {"content": text}},
        ],
    ),
    "a list of one completion": lambda text: Raw(200, json.dumps([completion(text)])),
    "packed": lambda text: Raw(
        200,
        gzip.compress(json.dumps(completion(text)).encode()),
        {"Content-Encoding": "gzip", "Content-Type": "application/json"},
    ),
    "created (201)": lambda text: Raw(201, json.dumps(completion(text))),
    "no role, no index": lambda text: Raw(
        200, json.dumps({"choices": [{"message": {"content": text}}]})
    ),
    "another model's name": lambda text: completion(text, model="scripted-2026-11-30"),
    "no model": lambda text: completion(text, model=None),
    "an end without letters": lambda text: completion(text, choice={"finish_reason": ""}),
    "an end in capitals": lambda text: completion(text, choice={"finish_reason": "STOP"}),
    "an end as an object": lambda text: completion(text, choice={"finish_reason": {"type": "eos"}}),
    "a filter that failed (Azure)": lambda text: completion(
        text, choice={"content_filter_results": {"error": {"code": "content_filter_error"}}}
    ),
    "usage without numbers": lambda text: completion(text, usage={}),
    "usage as texts": lambda text: completion(
        text, usage={"prompt_tokens": "9", "completion_tokens": "9"}
    ),
    "usage as a list": lambda text: completion(text, usage=[9, 9]),
    "no log-probabilities": lambda text: completion(text, choice={"logprobs": None}),
    "log-probabilities without a list": lambda text: completion(
        text, choice={"logprobs": {"content": None}}
    ),
    "no tool's call": lambda text: completion(text, message={"tool_calls": []}),
    "log-probabilities of another shape": lambda text: completion(
        text, choice={"logprobs": {"tokens": ["{"], "token_logprobs": [-0.1], "top_logprobs": [{}]}}
    ),
}
"""Replies with the whole answer in them, by form."""


def _told(**facts: Any) -> Raw:
    return Raw(200, json.dumps({"error": facts}))


def _empty(reason: str, **message: Any) -> dict:
    return completion(None, choice={"finish_reason": reason}, message=message)


FAULTY: dict[str, Any] = {
    "empty": "",
    "no content": None,
    "an empty list of parts": _parts(),
    "a refusal": completion(None, message={"refusal": "I will not."}),
    "a refusal as a part": _parts({"type": "refusal", "refusal": "No."}),
    "a refusal without content": Raw(
        200, '{"choices": [{"message": {"refusal": "No."}, "finish_reason": "stop"}]}'
    ),
    "filtered": _empty("content_filter"),
    "filtered by GLM": _empty("sensitive"),
    "cut off while thinking": completion("<think>let me see", choice={"finish_reason": "length"}),
    "cut off while thinking elsewhere": _empty("length", reasoning_content="let me see"),
    "cut off in a channel": "<|channel|>analysis<|message|>maybe {}",
    "thoughts alone": _empty("stop", reasoning="I cannot decide."),
    "cut off": completion('{"anchor": "a', choice={"finish_reason": "length"}),
    "half a surrogate pair": Raw(
        200, '{"choices":[{"message":{"content":"\\ud83d "},"finish_reason":"stop"}]}'
    ),
    "prose": "I would rather not use numbers.",
    "a list": "[1, 2, 3]",
    "nested 100,000 deep": "[" * 100_000,
    "many fences": "```json\n" * 50_000,
    "many braces": '{"a" {' * 50_000,
    "a tag without an end": "</" + "think" * 50_000,
    "HTML": Raw(200, "<html>busy</html>"),
    "no choice (Azure)": Raw(200, '{"choices": [], "prompt_filter_results": []}'),
    "choices that are null (vLLM)": Raw(200, '{"choices": null}'),
    "a message that is a text": Raw(200, '{"choices": [{"message": "hello"}]}'),
    "a list in place of a reply": Raw(200, "[]"),
    "a reply nested too deeply": Raw(200, '{"a":' * 100_000),
    "an error with status 200": _told(message="Rate limit exceeded", code=429),
    "an error with status 200 and a word": _told(message="busy", code="overloaded"),
    "an error with status 200, text alone": Raw(200, '{"error": "Model unloaded"}'),
    "an error with status 200, vLLM": Raw(
        200, '{"object": "error", "message": "bad grammar", "code": 400}'
    ),
    "an error in a choice (OpenRouter)": completion(
        "", choice={"finish_reason": "error", "error": {"message": "provider died", "code": 502}}
    ),
    "an end by an error": completion("", choice={"finish_reason": "error"}),
    "no resources (DeepSeek)": completion(
        '{"anch', choice={"finish_reason": "insufficient_system_resource"}
    ),
    "400 (Groq)": error(400, "Failed to generate JSON", code="json_validate_failed"),
    "400, text alone (LM Studio)": Raw(400, '{"error": "bad request"}'),
    "400, detail (FastAPI)": Raw(400, '{"detail": "bad request"}'),
    "403 (moderation)": error(403, "Your input was flagged"),
    "413": Raw(413, "<html>too large</html>"),
    "422": Raw(422, '{"detail": [{"loc": ["body"], "msg": "bad"}]}'),
    "429 and a date out of range": error(
        429, "slow", {"Retry-After": "Thu, 01 Jan 99999999999 00:00:00 GMT"}
    ),
    "500 (llama.cpp)": error(500, "The model produced output that does not match the format"),
    "502": Raw(502, "<html>Bad gateway</html>"),
    "a dropped connection": Raw(200, drop=True),
    "half a reply": Raw(200, '{"choices": [', {"Content-Length": "9000", "Connection": "close"}),
    "400 (Azure's filter)": error(
        400, "The response was filtered", code="content_filter", param="prompt"
    ),
    "429 and a date that is past": error(
        429, "slow", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    ),
    "503": Raw(503, '{"error": {"message": "Loading model", "code": 503}}'),
    "524 (Cloudflare)": Raw(524, "error code: 524"),
    "529 (Anthropic)": Raw(
        529, '{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'
    ),
    "an error in a list (Gemini)": Raw(200, '[{"error": {"code": 503, "message": "overloaded"}}]'),
    "errors in a list (Cloudflare)": Raw(
        200, '{"success": false, "result": null, "errors": [{"code": 3040, "message": "full"}]}'
    ),
    "an error within a stream": Raw(
        200, 'data: {"error": {"message": "provider died", "code": 502}}\n\ndata: [DONE]\n\n'
    ),
    "a stream without an end": Raw(200, streamed('{"anchor": "a", "scores"')[:-9]),
    "a stream of nothing": Raw(200, "data: [DONE]\n\n"),
    "null": Raw(200, "null"),
    "no body": Raw(200, ""),
    "no content (204)": Raw(204, ""),
    "answers by number": '{"scores": {"1": 10, "2": 20}}',
    "answers in order": "[" + ", ".join(map(str, range(39))) + "]",
    "YAML": "```yaml\nanchor: a\nscores:\n  b: 7\n```",
    "a table": "| id | score |\n|---|---|\n| a | 7 |",
    "numbers that are none": '{"anchor": "a", "scores": {"b": NaN, "c": Infinity}}',
    "parameters in tags (Qwen)": "<tool_call><function=rate><parameter=scores>{}</parameter>",
    "two answers that differ": '{"scores": {"b": 1}}\n{"scores": {"b": 2}}',
    "a call without arguments": completion(
        None, message={"tool_calls": [{"function": {"name": "rate"}}]}
    ),
    "calls that are no list": completion(None, message={"tool_calls": {"function": 7}}),
    "quotes without an end": "{'" * 30_000,
    "comments without an end": "{/*" * 30_000,
    "braces without an end": "{a: " * 30_000,
    "an answer in an unknown encoding": Raw(200, "\x00", {"Content-Encoding": "gzip"}),
}
"""Replies without an answer in them."""
