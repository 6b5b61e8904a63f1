# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Chat templates against jinja2, set up as the transformers library sets it up.

Drives text-tool (test/runtime/text): parse, pack, render.  Where jinja2 fails we must fail too.
"""
import json
import random
import subprocess
import time

import jinja2
import jinja2.ext
import jinja2.sandbox
import pytest

from conftest import tool
from template_cases import CHATS, EXPRESSIONS, REFUSED, STATEMENTS, TEMPLATES, WHITE_SPACE


NOW = 1750000000  # seconds since the epoch


class Generation(jinja2.ext.Extension):
    """{% generation %} marks what the assistant says; it renders as it is."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_inside"), [], [], body).set_lineno(line)

    def _inside(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def to_json(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def expected(job):
    """(text, None) or (None, why): what the reference says of a job."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                                               extensions=[Generation, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda text: time.strftime(text, time.gmtime(NOW))
    variables = {"tools": None, "documents": None, "add_generation_prompt": job.get("generate", True)}
    variables |= {name + "_token": job[name] for name in ("bos", "eos") if name in job}
    inputs = job["input"]
    variables |= {"messages": inputs} if isinstance(inputs, list) else inputs
    try:
        return environment.from_string(job["template"]).render(**variables), None
    except Exception as why:  # whatever it is: no text
        return None, f"{type(why).__name__}: {why}"


def at_now(job):
    """The clock stopped, unless the job says otherwise."""
    inputs = job["input"] if isinstance(job["input"], dict) else {"messages": job["input"]}
    return {**job, "input": {**inputs, "strftime_now": NOW}} if job.get("stopped", True) else job


def render(jobs):
    done = subprocess.run([tool("text-tool"), "render"], input="".join(json.dumps(at_now(job)) + "\n" for job in jobs),
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def compare(jobs):
    got = render(jobs)
    assert len(got) == len(jobs)
    wrong = []
    for job, ours in zip(jobs, got):
        text, why = expected(job)
        if text is None and "error" not in ours:
            wrong.append((job["template"], "reference fails: " + why, ours["text"]))
        elif text is not None and ours.get("text") != text:
            wrong.append((job["template"], text, ours.get("text", ours.get("error"))))
    shown = "\n\n".join(f"TEMPLATE {t!r}\nEXPECTED {e!r}\nGOT      {g!r}" for t, e, g in wrong[:12])
    assert not wrong, f"{len(wrong)} of {len(jobs)} differ\n{shown}"


def job(template, inputs=None, **more):
    return {"template": template, "input": inputs if inputs is not None else CHATS[0], "bos": "<s>", "eos": "</s>", **more}


def test_expressions():
    compare([job("{{ " + text + " }}", {"messages": CHATS[2], "d": {"a": 1, "b": [1, 2.5, None, True], "items": 3}, "n": 7, "f": -2.5,
                                        "s": "Straße, 'quoted' \"text\"\n ünïcödé 😀", "l": [3, 1, 2], "e": [], "z": None,
                                        "people": [{"name": "Bo", "age": 3}, {"name": "al", "age": 5}, {"name": "Cy"}]})
             for text in EXPRESSIONS])


def test_statements():
    compare([job(text, chat) for text in STATEMENTS for chat in CHATS[:4]])


def test_white_space():
    """Every way to write tags next to text, line breaks and blanks."""
    compare([job(text) for text in WHITE_SPACE])


def test_templates_of_models():
    compare([job(text, chat, generate=generate) for text in TEMPLATES for chat in CHATS for generate in (True, False)])


@pytest.mark.parametrize("text,line,word", REFUSED)
def test_error_names_line_and_construct(text, line, word):
    answer, = render([job(text)])
    assert "error" in answer, answer
    assert f"line {line}:" in answer["error"] and word in answer["error"], answer["error"]


def random_template(draw, depth=0):
    """Statements and expressions at random: most of them render, all of them parse."""
    def atom():
        return draw.choice(["1", "0", "-3", "2.5", "'a'", "'Zx y'", "''", "none", "true", "false", "n", "s", "l", "d", "missing",
                            "messages", "messages[0]", "messages[-1].role", "d.a", "l[1]", "[1, 'b']", "{'k': 2}", "(1, 2)", "loop"])

    def value(level=0):
        if level > 2 or draw.random() < 0.3:
            return atom()
        return draw.choice([
            lambda: f"{value(level + 1)} {draw.choice(['+', '-', '*', '/', '//', '%', '~', '==', '!=', '<', '>=', 'and', 'or', 'in', 'not in'])} "
                    f"{value(level + 1)}",
            lambda: f"({value(level + 1)})",
            lambda: f"not {value(level + 1)}",
            lambda: f"{value(level + 1)} if {value(level + 1)} else {value(level + 1)}",
            lambda: f"({value(level + 1)})|{draw.choice(['upper', 'lower', 'length', 'trim', 'list', 'first', 'last', 'string', 'tojson', 'default(7)', 'reverse|list', 'join(0)', 'int', 'sort', 'title', 'capitalize', 'unique|list'])}",
            lambda: f"({value(level + 1)}) is {draw.choice(['', 'not '])}{draw.choice(['defined', 'none', 'string', 'mapping', 'number', 'iterable', 'sequence', 'true', 'integer', 'odd', 'eq 1'])}",
            lambda: f"({value(level + 1)})[{draw.choice(['0', '-1', '7'])}]",
            # Of names only: where it folds constants jinja2 forgives what it refuses otherwise (5[1:] is empty).
            lambda: f"{draw.choice(['s', 'l', 'messages', 'missing', 'd', 'n'])}[{draw.choice(['1:', ':2', '::-1', '1:3', '-2:'])}]",
            lambda: f"({value(level + 1)}).{draw.choice(['role', 'strip()', 'upper()', 'split()', 'items()', 'get(0)', 'content'])}",
        ])()

    parts = []
    for _ in range(draw.randrange(1, 4)):
        kind = draw.randrange(7 if depth < 3 else 3)
        if kind == 0:
            parts.append(draw.choice(["text ", "\n", "  \n  ", "é\n"]))
        elif kind < 3:
            parts.append("{{" + draw.choice(["", "-"]) + " " + value() + " " + draw.choice(["", "-"]) + "}}")
        else:
            open_, close = draw.choice([("{% ", " %}"), ("{%- ", " -%}"), ("{%- ", " %}"), ("  {% ", " %}\n")])
            inner = random_template(draw, depth + 1)
            if kind == 3:
                parts.append(f"{open_}if {value()}{close}{inner}{open_}else{close}{random_template(draw, depth + 1)}{open_}endif{close}")
            elif kind == 4:
                parts.append(f"{open_}for x in {draw.choice(['l', 'messages', 'd', 'range(3)', 's', value()])}{close}"
                             f"{{{{ loop.index }}}}{inner}{open_}endfor{close}")
            elif kind == 5:
                parts.append(f"{open_}set {draw.choice('nsxl')} = {value()}{close}{inner}")
            else:
                parts.append(f"{open_}macro m(x, n=2){close}{inner}{open_}endmacro{close}{{{{ m({value()}) }}}}")
    return "".join(parts)


def test_random_templates():
    draw = random.Random(11)
    inputs = {"messages": CHATS[2], "n": 4, "s": "ab Cd", "l": [2, 1, "x"], "d": {"a": 1, "b": "two"}}
    compare([job(random_template(draw), inputs) for _ in range(2500)])


def test_limits():
    """Work, memory and depth are bounded: an error, in good time."""
    bombs = ["{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
             "{% set ns = namespace(s='x') %}{% for a in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
             "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}", "{{ 'ab' * 999999999999 }}", "{{ [0] * 999999999999 }}",
             "{{ range(999999999) }}", "{{ '%s' | format('x' * 99999999) | length }}" * 40, "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
             "{{ " + "-" * 5000 + "1 }}", "{{ 1" + " + 1" * 5000 + " }}", "{% if 1 %}" * 5000 + "{% endif %}" * 5000]
    for answer in render([job(text) for text in bombs]):
        assert "error" in answer and "chat template" in answer["error"], answer


@pytest.mark.parametrize("raw", ["", "[", "{}", "3", '{"messages": 3}', '[1]', '[{"role": "user"}] x', '["\\ud800"]', '[{"a": 1e999}]',
                                 "[" * 5000, '[{"role": "us\ner"}]', '{"messages": [], }', '[{"x": 01}]', "[{'a': 1}]"])
def test_messages_that_are_no_messages(raw):
    answer, = render([{**job("{{ messages }}"), "raw": raw}])
    assert answer.get("error", "").startswith("chat template: "), answer


def test_dates():
    compare([job(f"{{{{ strftime_now('{text}') }}}}", {"messages": []}) for text in ("%d %b %Y", "%Y-%m-%d", "%H:%M:%S", "%A, %-d %B")])
    running, = render([job("{{ strftime_now('%Y') }}", stopped=False)])
    assert running["text"] in (str(time.localtime().tm_year), str(time.localtime().tm_year + 1))
